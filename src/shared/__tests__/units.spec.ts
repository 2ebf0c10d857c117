import { formatMemory } from '../format';
import { parseDuration, parseSize } from '../units';

describe('parseSize', () => {
  it.each([
    ['1024', 1024],
    ['2GiB', 2 * 1024 ** 3],
    ['2 gib', 2 * 1024 ** 3],
    ['2g', 2 * 1024 ** 3],
    ['2Gi', 2 * 1024 ** 3],
    ['1.5 GB', 1.5e9],
    ['512 MiB', 512 * 1024 ** 2],
    ['.5k', 512],
    ['100 B', 100],
    ['7 bytes', 7]
  ])('reads %p', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'lots', '-1', '1 2', '2 PiB', 'GiB', '1e3', 'NaN', '٣ GiB'])(
    'does not read %p',
    text => {
      expect(parseSize(text)).toBeNull();
    }
  );

  it('reads back what is shown of whole sizes', () => {
    for (const bytes of [32 * 1024 ** 2, 1024 ** 3, 1.5 * 1024 ** 3]) {
      expect(parseSize(formatMemory(bytes))).toBe(bytes);
    }
  });
});

describe('parseDuration', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['15 min', 900],
    ['1 h', 3600],
    ['1h30m', 5400],
    ['1 h 30 m', 5400],
    ['2 days', 172_800],
    ['1 hour 1 minute 1 second', 3661],
    ['0.5h', 1800],
    ['1 week', 604_800]
  ])('reads %p', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '  ', 'soon', '-1h', '1x', '1 30', '1h30', 'h', '1 hs ago'])(
    'does not read %p',
    text => {
      expect(parseDuration(text)).toBeNull();
    }
  );
});
