/** How long work goes on without a pause, in milliseconds. */
const SLICE = 20;
/** For how long of a stretch of work the page is not drawn, where the browser knows how, in milliseconds. */
const AT_ONCE = 100;

/** A piece of work; true: there is more. */
export type Work = () => boolean | void;

const waiting = new Set<Work>();
let isBusy = false;
/** When the stretch of work began. */
let begun = 0;

/**
 * Do a piece of work now, or, while another is being done or was just done,
 * after it: many at once would hold up the page. What goes on is ended before
 * the next is begun; work that waits already is done once.
 */
export function inTurn(work: Work): void {
  if (isBusy) {
    waiting.add(work);
    return;
  }
  begin();
  run(work);
}

/** The same, but not now: whoever asks has more to do first, such as the same for other charts. */
export function inLaterTurn(work: Work): void {
  waiting.add(work);
  if (!isBusy) {
    begin();
    soon(next);
  }
}

/**
 * When work is to pause, in milliseconds as `performance.now()` has them. All that
 * is done in one turn of the event loop shares it, by whomever it is done.
 */
export function endOfSlice(): number {
  if (end === null) {
    end = performance.now() + SLICE;
    soon(() => {
      end = null;
    });
  }
  return end;
}

let end: number | null = null;

/** It does not matter any more. */
export function outOfTurn(work: Work): void {
  waiting.delete(work);
}

function begin(): void {
  isBusy = true;
  begun = performance.now();
}

function run(work: Work): void {
  try {
    if (work()) {
      const rest = [...waiting];
      waiting.clear();
      [work, ...rest].forEach(each => waiting.add(each));
    }
  } finally {
    soon(next);
  }
}

function next(): void {
  // What was drawn in a microtask after the work before was of that turn.
  end = null;
  const [work] = waiting;
  if (!work) {
    isBusy = false;
    return;
  }
  waiting.delete(work);
  run(work);
}

/**
 * In a turn of its own, in order. Not as a timer: those that follow each other
 * wait for four milliseconds more. In Chromium what people do comes before it, but
 * not at first a drawing of the page: there would be one after each chart.
 */
const soon: (done: () => void) => void = (() => {
  const { scheduler } = globalThis as { scheduler?: IScheduler };
  if (scheduler?.postTask) {
    return done => {
      const isFirst = performance.now() - begun < AT_ONCE;
      const priority = isFirst ? 'user-blocking' : 'user-visible';
      scheduler.postTask(done, { priority }).catch(reportError);
    };
  }
  if (typeof MessageChannel === 'undefined') {
    return done => void setTimeout(done);
  }
  const { port1, port2 } = new MessageChannel();
  const queue: (() => void)[] = [];
  port1.onmessage = () => queue.shift()?.();
  return done => {
    queue.push(done);
    port2.postMessage(null);
  };
})();

/** https://developer.mozilla.org/docs/Web/API/Scheduler/postTask */
interface IScheduler {
  postTask(
    done: () => void,
    options: { priority: 'user-blocking' | 'user-visible' }
  ): Promise<void>;
}
