import { startTransition, useEffect, useState } from 'react';
import { whenIdle } from './idle';

/**
 * False until the page has nothing else to do, or was busy for long: for what is needed less than all else.
 *
 * @param isDue - false: time that the page has before is not what is waited for.
 */
export function useIdle(isDue = true): boolean {
  const [isIdle, setIdle] = useState(
    typeof requestIdleCallback === 'undefined'
  );
  useEffect(
    () =>
      isIdle || !isDue
        ? undefined
        : whenIdle(() => startTransition(() => setIdle(true))),
    [isIdle, isDue]
  );
  return isIdle;
}
