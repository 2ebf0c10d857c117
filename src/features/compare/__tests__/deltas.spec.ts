import { comparedRow } from '../../../__tests__/fakeComparison';
import { bestOf, deltaOf, shownValue } from '../deltas';

const loss = comparedRow('metrics.loss', [0.5, 0.25], { better: 'lower' });
const speed = comparedRow('metrics.speed', [1, 2], { better: 'higher' });
const plain = comparedRow('params.lr', [0.1, 0.2]);

describe('The difference from the baseline', () => {
  it('has a sign, a share, and says what is better', () => {
    expect(deltaOf(loss, 0.25, 0.5)).toEqual({
      change: '−0.25',
      share: '(−50 %)',
      text: '−0.25 (−50 %)',
      verdict: 'better',
      sign: -1
    });
    expect(deltaOf(loss, 0.75, 0.5)).toMatchObject({
      text: '+0.25 (+50 %)',
      verdict: 'worse'
    });
    expect(deltaOf(speed, 3, 2)).toMatchObject({ verdict: 'better' });
    expect(deltaOf(plain, 0.2, 0.1)).toMatchObject({ verdict: null, sign: 1 });
  });

  it('is measured against the size of a negative baseline', () => {
    expect(deltaOf(plain, -1, -2)?.text).toBe('+1 (+50 %)');
  });

  it('has no share of nothing, nor one that is absurd', () => {
    expect(deltaOf(plain, 5, 0)?.text).toBe('+5');
    expect(deltaOf(plain, 1e9, 1e-9)?.text).toBe('+1,000,000,000');
  });

  it.each([
    [null, 1],
    [1, null],
    ['adam', 'sgd'],
    ['NaN', 1],
    ['Infinity', 1],
    ['Infinity', 'Infinity'],
    [true, false]
  ])('says nothing of %p and %p', (value, baseline) => {
    expect(deltaOf(loss, value, baseline)).toBeNull();
  });

  it('says nothing of moments, and time of durations', () => {
    const started = comparedRow('started', [1, 2]);
    expect(deltaOf(started, 2, 1)).toBeNull();
    const duration = comparedRow('duration', [60, 120]);
    expect(deltaOf(duration, 120, 60)?.text).toBe('+1 m (+100 %)');
  });

  it('of equal values is none', () => {
    expect(deltaOf(loss, 1, 1)).toMatchObject({
      text: '=',
      verdict: null,
      sign: 0
    });
  });
});

describe('The best value', () => {
  it('is the lowest or the highest, as the metric wants it', () => {
    expect(bestOf(loss, [0, 1], 'last')).toBe(0.25);
    expect(bestOf(speed, [0, 1], 'last')).toBe(2);
    expect(bestOf(speed, [0], 'last')).toBeNull();
  });

  it('is none where nobody knows, all are the same, or none is finite', () => {
    expect(bestOf(plain, [0, 1], 'last')).toBeNull();
    const same = comparedRow('metrics.m', [1, 1], { better: 'lower' });
    expect(bestOf(same, [0, 1], 'last')).toBeNull();
    const odd = comparedRow('metrics.m', ['NaN', 'Infinity', null], {
      better: 'higher'
    });
    expect(bestOf(odd, [0, 1, 2], 'last')).toBeNull();
  });
});

describe('The value that is shown', () => {
  it('is the last, smallest or largest of a metric', () => {
    const row = comparedRow('metrics.m', [2, 'NaN'], {
      lows: [1, null],
      highs: [3, null]
    });
    expect(shownValue(row, 0, 'last')).toBe(2);
    expect(shownValue(row, 0, 'low')).toBe(1);
    expect(shownValue(row, 0, 'high')).toBe(3);
    expect(shownValue(row, 1, 'low')).toBe('NaN');
    expect(shownValue(plain, 0, 'high')).toBe(0.1);
    expect(shownValue(plain, 9, 'last')).toBeNull();
  });
});
