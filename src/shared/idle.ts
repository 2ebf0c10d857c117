/** After which a page that is busy all the time is asked all the same, in milliseconds. */
const LATEST = 1_000;
/** From one look at what people wait for to the next, in milliseconds. */
const PAUSE = 40;

const awaited = new Set<object>();
const waiting = new Set<() => void>();
let latest = 0;

/** What people wait for, such as a drawing: what is needed less comes after it, not while a server is asked for it. */
export function beginWait(what: object): void {
  awaited.add(what);
}

/** Whether people wait for anything. */
export function isWaiting(): boolean {
  return awaited.size > 0;
}

export function endWait(what: object): void {
  awaited.delete(what);
}

/**
 * Do something once the page has nothing else to do and nobody waits for
 * anything, or after a second. What many ask for is done at once. Returns how to
 * take it back.
 */
export function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback === 'undefined') {
    work();
    return () => undefined;
  }
  if (waiting.size === 0) {
    latest = performance.now() + LATEST;
    request();
  }
  waiting.add(work);
  return () => {
    if (waiting.delete(work) && waiting.size === 0) {
      cancel();
    }
  };
}

function request(): void {
  const timeout = Math.max(1, latest - performance.now());
  const handle = requestIdleCallback(look, { timeout });
  cancel = () => cancelIdleCallback(handle);
}

function look(): void {
  if (isWaiting() && performance.now() < latest) {
    const timer = setTimeout(request, PAUSE);
    cancel = () => clearTimeout(timer);
    return;
  }
  const works = [...waiting];
  waiting.clear();
  works.forEach(work => work());
}

/** Do not look again. */
let cancel: () => void = () => undefined;
