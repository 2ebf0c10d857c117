import { beginWait, endWait, whenIdle } from '../idle';

describe('whenIdle', () => {
  /** What was asked of the browser and not answered. */
  let asked: (() => void)[];
  let done: string[];

  const isIdle = () => asked.splice(0).forEach(each => each());
  const work = (name: string) => whenIdle(() => done.push(name));

  beforeEach(() => {
    jest.useFakeTimers();
    asked = [];
    done = [];
    Object.assign(globalThis, {
      requestIdleCallback: (callback: () => void) => {
        asked.push(callback);
        return callback;
      },
      cancelIdleCallback: (handle: () => void) => {
        asked = asked.filter(each => each !== handle);
      }
    });
  });

  afterEach(() => {
    jest.advanceTimersByTime(2_000);
    isIdle();
    jest.useRealTimers();
    Reflect.deleteProperty(globalThis, 'requestIdleCallback');
  });

  it('does what many ask for together, once there is time', () => {
    work('a');
    const forget = work('b');
    work('c');
    forget();
    expect([asked.length, done]).toEqual([1, []]);
    isIdle();
    expect(done).toEqual(['a', 'c']);
    work('d');
    isIdle();
    expect(done).toEqual(['a', 'c', 'd']);
    expect(asked).toEqual([]);
  });

  it('asks anew when all was taken back', () => {
    const forget = work('a');
    forget();
    forget();
    expect(asked).toEqual([]);
    work('b');
    expect(asked).toHaveLength(1);
    isIdle();
    expect(done).toEqual(['b']);
  });

  it('comes after what people wait for', () => {
    const [one, other] = [{}, {}];
    beginWait(one);
    beginWait(other);
    work('a');
    isIdle();
    endWait(one);
    jest.advanceTimersByTime(100);
    isIdle();
    expect(done).toEqual([]);
    endWait(other);
    jest.advanceTimersByTime(100);
    isIdle();
    expect(done).toEqual(['a']);
  });

  it('does not wait for longer than a second', () => {
    const slow = {};
    beginWait(slow);
    work('a');
    for (let passed = 0; passed < 900; passed += 100) {
      jest.advanceTimersByTime(100);
      isIdle();
    }
    expect(done).toEqual([]);
    jest.advanceTimersByTime(200);
    isIdle();
    expect(done).toEqual(['a']);
    endWait(slow);
  });

  it('does it at once where browsers cannot tell', () => {
    Reflect.deleteProperty(globalThis, 'requestIdleCallback');
    work('a');
    expect(done).toEqual(['a']);
  });
});
