import { startTransition, useEffect, useState } from 'react';

/** How long something waits at most, in milliseconds. */
const LATEST = 1_000;

/** False until the page has nothing else to do: for what can wait until all else is drawn. */
export function useIdle(): boolean {
  const [isIdle, setIdle] = useState(
    typeof requestIdleCallback === 'undefined'
  );
  useEffect(() => {
    if (isIdle) {
      return;
    }
    const handle = requestIdleCallback(
      () => startTransition(() => setIdle(true)),
      { timeout: LATEST }
    );
    return () => cancelIdleCallback(handle);
  }, [isIdle]);
  return isIdle;
}
