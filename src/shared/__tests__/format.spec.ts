import { trans } from '../../__tests__/fakes';
import {
  baseName,
  folderOf,
  formatAgo,
  formatClock,
  formatDuration,
  formatMemory,
  formatMark,
  formatNumber,
  formatSize,
  formatValue
} from '../format';

describe('formatDuration', () => {
  it.each([
    [0, '0 s'],
    [0.0004, '1 ms'],
    [0.25, '250 ms'],
    [0.6, '1 s'],
    [41.4, '41 s'],
    [59.7, '1 m'],
    [72, '1 m 12 s'],
    [3600, '1 h'],
    [7500, '2 h 5 m'],
    [7561, '2 h 6 m'],
    [277_200, '3 d 5 h'],
    [-3, '0 s']
  ])('%p seconds are %p', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatClock', () => {
  it.each([
    [0, '0:00'],
    [41.9, '0:41'],
    [725, '12:05'],
    [3725, '1:02:05'],
    [-1, '0:00']
  ])('%p seconds are %p', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text);
  });
});

describe('formatAgo', () => {
  const now = new Date(2026, 4, 15, 12, 0, 0).getTime() / 1000;

  it.each([
    [-5, 'now'],
    [3, 'now'],
    [40, '40 s ago'],
    [200, '3 min ago'],
    [2 * 3600, '2 h ago'],
    [11 * 3600, '11 h ago'],
    [14 * 3600, 'yesterday'],
    [3 * 86400, '3 days ago']
  ])('%p seconds ago is %p', (past, text) => {
    expect(formatAgo(now - past, now, trans)).toBe(text);
  });

  it('names the day of what is long past, and the year of another', () => {
    expect(formatAgo(now - 40 * 86400, now, trans)).not.toContain('2026');
    expect(formatAgo(now - 400 * 86400, now, trans)).toContain('2025');
  });

  it('does not call a few hours before midnight yesterday', () => {
    const early = new Date(2026, 4, 15, 1, 0, 0).getTime() / 1000;
    expect(formatAgo(early - 2 * 3600, early, trans)).toBe('2 h ago');
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1_234_567, '1.2 MB'],
    [999_960, '1 MB'],
    [1_200_000_000, '1.2 GB'],
    [5e15, '5000 TB']
  ])('%p bytes on disk are %p', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it.each([
    [512 * 1024 ** 2, '512 MiB'],
    [2 * 1024 ** 3, '2 GiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [100, '100 B']
  ])('%p bytes of memory are %p', (bytes, text) => {
    expect(formatMemory(bytes)).toBe(text);
  });
});

describe('formatMark', () => {
  it('is short also for large numbers', () => {
    const marks = [0, 0.25, 40_000, -1_500_000, 2e9, 1e6, NaN, Infinity];
    expect(marks.map(formatMark)).toEqual([
      '0',
      '0.25',
      '40,000',
      '-1.5e6',
      '2e9',
      '1e6',
      'NaN',
      '∞'
    ]);
  });
});

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [0.012299999, '0.0123'],
    [0.1, '0.1'],
    [0.8373, '0.837'],
    [48210.4, '48,210'],
    [1234.5678, '1,234.6'],
    [3, '3'],
    [200, '200'],
    [1.2e-7, '1.2e-7'],
    [1e-5, '1e-5'],
    [1e20, '1e+20'],
    [-0.5, '-0.5'],
    [NaN, 'NaN'],
    [Infinity, '∞'],
    [-Infinity, '-∞']
  ])('%p is %p', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('formatValue', () => {
  it('puts any value on one line and cuts it', () => {
    expect(formatValue('a\n b')).toBe('a b');
    expect(formatValue({ a: [1] })).toBe('{"a":[1]}');
    expect(formatValue(undefined)).toBe('null');
    expect(formatValue('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
  });
});

describe('paths', () => {
  it('tells the name from the folder', () => {
    expect(baseName('a/b/c.ipynb')).toBe('c.ipynb');
    expect(baseName('c.ipynb')).toBe('c.ipynb');
    expect(folderOf('a/b/c.ipynb')).toBe('a/b');
    expect(folderOf('c.ipynb')).toBe('');
  });
});
