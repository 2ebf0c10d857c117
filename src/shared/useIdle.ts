import { startTransition, useEffect, useState } from 'react';

/** After which a page that is busy all the time is asked all the same, in milliseconds. */
const LATEST = 1_000;

/**
 * False until the page has nothing else to do, or was busy for long: for what is needed less than all else.
 *
 * @param isDue - false: time that the page has before is not what is waited for.
 */
export function useIdle(isDue = true): boolean {
  const [isIdle, setIdle] = useState(
    typeof requestIdleCallback === 'undefined'
  );
  useEffect(() => {
    if (isIdle || !isDue) {
      return;
    }
    const handle = requestIdleCallback(
      () => startTransition(() => setIdle(true)),
      { timeout: LATEST }
    );
    return () => cancelIdleCallback(handle);
  }, [isIdle, isDue]);
  return isIdle;
}
