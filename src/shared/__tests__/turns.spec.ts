import { endOfSlice, inLaterTurn, inTurn, outOfTurn } from '../turns';

const turn = () => new Promise(resolve => setTimeout(resolve));

async function idle(): Promise<void> {
  let isIdle = false;
  while (!isIdle) {
    await turn();
    inTurn(() => {
      isIdle = true;
    });
    if (!isIdle) {
      await turn();
    }
  }
  await turn();
}

describe('inTurn', () => {
  let done: string[];

  beforeEach(async () => {
    await idle();
    done = [];
  });

  it('does the first at once, and others each in a turn of its own', async () => {
    for (const name of ['a', 'b', 'c']) {
      inTurn(() => void done.push(name));
    }
    expect(done).toEqual(['a']);
    await turn();
    expect(done).toEqual(['a', 'b']);
    await turn();
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('ends what goes on before the next', async () => {
    let left = 3;
    inTurn(() => {
      done.push('long');
      return --left > 0;
    });
    inTurn(() => void done.push('next'));
    await idle();
    expect(done).toEqual(['long', 'long', 'long', 'next']);
  });

  it('does what waits already once, and what was given up never', async () => {
    const twice = () => void done.push('twice');
    const never = () => void done.push('never');
    inTurn(() => void done.push('first'));
    inTurn(never);
    inTurn(twice);
    inTurn(twice);
    outOfTurn(never);
    await idle();
    expect(done).toEqual(['first', 'twice']);
  });

  it('leaves the turn of now to who asks', async () => {
    inLaterTurn(() => void done.push('later'));
    inTurn(() => void done.push('after'));
    expect(done).toEqual([]);
    await idle();
    expect(done).toEqual(['later', 'after']);
  });

  it('goes on when something fails', async () => {
    expect(() =>
      inTurn(() => {
        throw new Error('broken');
      })
    ).toThrow('broken');
    inTurn(() => void done.push('after'));
    await idle();
    expect(done).toEqual(['after']);
  });
});

describe('endOfSlice', () => {
  let clock: jest.SpyInstance<number, []>;
  let ends: number[];

  beforeEach(async () => {
    await idle();
    clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    ends = [];
  });

  afterEach(async () => {
    clock.mockRestore();
    // The clock goes back: no turn of the event loop has both.
    await turn();
  });

  /** Look when to pause; a tenth of a second goes by. */
  const draw = () => {
    ends.push(endOfSlice());
    clock.mockReturnValue(ends.length * 100);
  };
  const starts = () => ends.map(each => each - ends[0]);

  it('is one for all that is done in a turn, and another in the next', async () => {
    draw();
    expect(ends[0]).toBeGreaterThan(0);
    draw();
    await turn();
    draw();
    expect(starts()).toEqual([0, 0, 200]);
  });

  it('is a new one in the next turn, also when it was asked for in a microtask', async () => {
    for (let count = 0; count < 2; count++) {
      // Another function each time: the same one would be done once.
      inTurn(() => queueMicrotask(draw));
    }
    await idle();
    expect(starts()).toEqual([0, 100]);
  });

  it('is a new one for each piece that goes on', async () => {
    inTurn(() => {
      draw();
      return ends.length < 3;
    });
    await idle();
    expect(starts()).toEqual([0, 100, 200]);
  });
});

describe('In a browser with priorities, turns', () => {
  type Globals = { scheduler?: unknown; reportError?: unknown };
  const globals = globalThis as Globals;
  let asked: string[];
  let queue: (() => void)[];
  let turns: typeof import('../turns');
  let done: string[];

  beforeEach(async () => {
    [asked, queue, done] = [[], [], []];
    globals.scheduler = {
      postTask: (work: () => void, options: { priority: string }) => {
        asked.push(options.priority);
        return new Promise<void>((resolve, reject) =>
          queue.push(() => {
            try {
              resolve(work());
            } catch (error) {
              reject(error as Error);
            }
          })
        );
      }
    };
    globals.reportError = jest.fn();
    await jest.isolateModulesAsync(async () => {
      turns = await import('../turns');
    });
  });

  afterEach(() => {
    delete globals.scheduler;
    delete globals.reportError;
    jest.restoreAllMocks();
  });

  it('are urgent, each after the one before', async () => {
    for (const name of ['a', 'b', 'c']) {
      turns.inTurn(() => void done.push(name));
    }
    await turn();
    expect(done).toEqual(['a']);
    queue.shift()!();
    expect(done).toEqual(['a', 'b']);
    queue.shift()!();
    expect(done).toEqual(['a', 'b', 'c']);
    expect(new Set(asked)).toEqual(new Set(['user-blocking']));
  });

  it('let the page be drawn when they go on for long', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    turns.inTurn(() => true);
    now.mockReturnValue(1_101);
    queue.shift()!();
    expect(asked).toEqual(['user-blocking', 'user-visible']);
  });

  it('tell what fails, and go on', async () => {
    const error = new Error('broken');
    turns.inTurn(() => void done.push('a'));
    turns.inTurn(() => {
      throw error;
    });
    turns.inTurn(() => void done.push('after'));
    queue.shift()!();
    queue.shift()!();
    await turn();
    expect(done).toEqual(['a', 'after']);
    expect(globals.reportError).toHaveBeenCalledWith(error);
  });
});
