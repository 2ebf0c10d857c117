import { TextFitter } from '../fitText';

/** Every letter is ten pixels wide. */
function ruler() {
  const measure = {
    count: 0,
    measureText: (text: string) => {
      measure.count += 1;
      return { width: [...text].length * 10 };
    }
  };
  return measure;
}

describe('TextFitter', () => {
  it('leaves what fits and shortens what does not', () => {
    const fitter = new TextFitter();
    const gc = ruler();
    expect(fitter.fit(gc, 'f', 'short', 200)).toBe('short');
    expect(fitter.fit(gc, 'f', 'abcdefgh', 80)).toBe('abcdefgh');
    expect(fitter.fit(gc, 'f', 'abcdefgh', 50)).toBe('abcd…');
    expect(fitter.fit(gc, 'f', 'abcdefgh', 5)).toBe('');
    expect(fitter.fit(gc, 'f', 'abc', 0)).toBe('');
    expect(fitter.fit(gc, 'f', '', 100)).toBe('');
  });

  it('does not cut a letter in two', () => {
    expect(new TextFitter().fit(ruler(), 'f', '😀😀😀😀', 30)).toBe('😀😀…');
  });

  it('measures each text once', () => {
    const fitter = new TextFitter();
    const gc = ruler();
    fitter.fit(gc, 'f', 'a long text that is cut', 100);
    const before = gc.count;
    fitter.fit(gc, 'f', 'a long text that is cut', 100);
    expect(gc.count).toBe(before);
    fitter.forget();
    fitter.fit(gc, 'f', 'a long text that is cut', 100);
    expect(gc.count).toBeGreaterThan(before);
  });

  it('does not measure the whole of a huge text', () => {
    const gc = ruler();
    const fitted = new TextFitter().fit(gc, 'f', 'x'.repeat(1e6), 100);
    expect(fitted).toBe('xxxxxxxxx…');
    expect(gc.count).toBeLessThan(20);
  });
});
