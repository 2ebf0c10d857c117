import { StateDB } from '@jupyterlab/statedb';
import { TrialColours } from '../trialColours';

const STATE = 'studio_ext:trial-colours';

describe('TrialColours', () => {
  it('gives trials that are drawn together different colours, the plain ones first', () => {
    const colours = new TrialColours();
    colours.assign(['a', 'b', 'c']);
    expect(['a', 'b', 'c'].map(id => colours.get(id))).toEqual([0, 1, 2]);
    colours.assign(['d']);
    expect(colours.get('d')).toBe(0);
    expect(colours.get('never')).toBeUndefined();
  });

  it('keeps the colour of a trial whatever it is drawn with', () => {
    const colours = new TrialColours();
    colours.assign(['a', 'b', 'c']);
    colours.assign(['c', 'x', 'a']);
    expect(colours.get('c')).toBe(2);
    expect(colours.get('a')).toBe(0);
    expect(colours.get('x')).toBe(1);
  });

  it('gives the later of two that clash a colour that nobody has', () => {
    const colours = new TrialColours();
    const changed = jest.fn();
    colours.assign(['a', 'b']);
    colours.assign(['x']);
    colours.changed.connect(changed);
    colours.assign(['a', 'x']);
    expect([colours.get('a'), colours.get('x')]).toEqual([0, 2]);
    expect(changed).toHaveBeenCalledTimes(1);
    colours.assign(['a', 'x', 'b']);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('gives all of 200 trials a colour, each time the same', () => {
    const colours = new TrialColours();
    const ids = Array.from({ length: 200 }, (_, index) => `run${index}`);
    colours.assign(ids);
    const found = ids.map(id => colours.get(id));
    expect(new Set(found).size).toBe(32);
    expect(found.every(each => each !== undefined && each < 32)).toBe(true);
    colours.assign(ids);
    expect(ids.map(id => colours.get(id))).toEqual(found);
  });

  it('remembers over a reload, and not without end', async () => {
    jest.useFakeTimers();
    const state = new StateDB();
    const colours = new TrialColours(state);
    await colours.ready;
    colours.assign(['a', 'b']);
    for (let group = 0; group < 30; group++) {
      colours.assign(
        Array.from({ length: 100 }, (_, index) => `g${group}-${index}`)
      );
    }
    colours.assign(['b', 'late']);
    await jest.advanceTimersByTimeAsync(1_000);
    jest.useRealTimers();
    const stored = (await state.fetch(STATE)) as [string, number][];
    expect(stored.length).toBe(2_000);
    const again = new TrialColours(state);
    await again.ready;
    expect(again.get('late')).toBe(colours.get('late'));
    expect(again.get('a')).toBeUndefined();
  });

  it.each([
    null,
    'text',
    { a: 1 },
    [['a']],
    [[1, 2]],
    [['a', -1]],
    [['a', 99]]
  ])('takes nothing of a state that is not its own: %j', async stored => {
    const state = new StateDB();
    await state.save(STATE, stored as never);
    const colours = new TrialColours(state);
    await colours.ready;
    expect(colours.get('a')).toBeUndefined();
    colours.assign(['a']);
    expect(colours.get('a')).toBe(0);
  });
});
