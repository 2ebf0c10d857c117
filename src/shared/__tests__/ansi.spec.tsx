import { render } from '@testing-library/react';
import React from 'react';
import { finalText, highlight, parseAnsi, stripAnsi } from '../ansi';
import { AnsiBlock, AnsiLine } from '../ansiLine';
import { findMatches, MOST_MATCHES } from '../logSearch';

const ESC = '\u001b';

describe('parseAnsi', () => {
  it('leaves plain text alone', () => {
    expect(parseAnsi('plain')).toEqual([{ text: 'plain' }]);
    expect(parseAnsi('')).toEqual([]);
  });

  it('knows colours, weight, underline and their end', () => {
    const line = `${ESC}[1;31mred${ESC}[0m ${ESC}[4;92;44mx${ESC}[24;39;49my`;
    expect(parseAnsi(line)).toEqual([
      { text: 'red', className: 'ansi-red-fg ansi-bold' },
      { text: ' ' },
      {
        text: 'x',
        className: 'ansi-green-intense-fg ansi-blue-bg ansi-underline'
      },
      { text: 'y' }
    ]);
  });

  it('takes no sequence apart that no terminal would take', () => {
    const codes = '1;'.repeat(500_000);
    expect(parseAnsi(`${ESC}[31ma${ESC}[${codes}mb`)).toEqual([
      { text: 'a', className: 'ansi-red-fg' },
      { text: 'b', className: 'ansi-red-fg' }
    ]);
  });

  it('knows inverse text', () => {
    expect(parseAnsi(`${ESC}[7ma${ESC}[31mb`)).toEqual([
      {
        text: 'a',
        className: 'ansi-default-inverse-fg ansi-default-inverse-bg'
      },
      { text: 'b', className: 'ansi-default-inverse-fg ansi-red-bg' }
    ]);
  });

  it.each([
    ['38;5;1', { className: 'ansi-red-fg' }],
    ['38;5;196', { style: { color: 'rgb(255, 0, 0)' } }],
    ['38;5;244', { style: { color: 'rgb(128, 128, 128)' } }],
    ['38;2;1;2;300', { style: { color: 'rgb(1, 2, 255)' } }],
    ['48;2;9;8;7', { style: { backgroundColor: 'rgb(9, 8, 7)' } }],
    ['38;2;1', {}],
    ['38;9', {}],
    ['999', {}]
  ])('understands %p', (codes, look) => {
    expect(parseAnsi(`${ESC}[${codes}mx`)).toEqual([{ text: 'x', ...look }]);
  });

  it('drops what moves the cursor, titles, links and lone controls', () => {
    const line = `a${ESC}[2Kb${ESC}[10;5Hc${ESC}]0;title\u0007d${ESC}]8;;http://x${ESC}\\e\u0008\u0000f`;
    expect(stripAnsi(line)).toBe('abcdef');
  });

  it('shows what a progress bar shows in the end', () => {
    expect(finalText('10%\r50%\r100%')).toBe('100%');
    expect(finalText('windows\r')).toBe('windows');
  });

  it('cuts a line without end', () => {
    const segments = parseAnsi('x'.repeat(1_000_000));
    expect(segments[0].text).toHaveLength(10_000);
    expect(segments[1].text).toBe('…');
    expect(parseAnsi('x'.repeat(10_000))).toHaveLength(1);
  });

  it('takes no time over hostile input', () => {
    const start = Date.now();
    parseAnsi(`${ESC}[`.repeat(50_000));
    parseAnsi(`${ESC}]`.repeat(50_000));
    expect(Date.now() - start).toBeLessThan(2_000);
  });
});

describe('highlight', () => {
  it('marks ranges across pieces and keeps their colours', () => {
    const segments = parseAnsi(`ab${ESC}[31mcd${ESC}[0mef`);
    expect(
      highlight(
        segments,
        [
          [1, 3],
          [5, 6]
        ],
        'mark'
      )
    ).toEqual([
      { text: 'a' },
      { text: 'b', className: 'mark' },
      { text: 'c', className: 'ansi-red-fg mark' },
      { text: 'd', className: 'ansi-red-fg' },
      { text: 'e' },
      { text: 'f', className: 'mark' }
    ]);
  });
});

describe('findMatches', () => {
  it('finds text as it is shown, whatever its case and colours', () => {
    const lines = [`fo${ESC}[31mo FOO`, 'none', 'xfoo'];
    expect(findMatches(lines, 'foo')).toEqual([
      { line: 0, start: 0, end: 3 },
      { line: 0, start: 4, end: 7 },
      { line: 2, start: 1, end: 4 }
    ]);
    expect(findMatches(lines, '')).toEqual([]);
    expect(findMatches(lines, '.')).toEqual([]);
  });

  it('stops counting somewhere', () => {
    expect(findMatches(['a'.repeat(20_000)], 'a')).toHaveLength(MOST_MATCHES);
  });
});

describe('AnsiLine', () => {
  it('never makes markup of text', () => {
    const evil = `<img src=x onerror="alert(1)">${ESC}[31m<script>1</script>`;
    const { container } = render(<AnsiLine text={evil} marks={[[0, 4]]} />);
    expect(container.querySelector('img, script')).toBeNull();
    expect(container.textContent).toBe(stripAnsi(evil));
  });

  it('keeps the lines of a traceback', () => {
    const { container } = render(<AnsiBlock text={'a\nb\n'} />);
    expect(container.querySelector('pre')?.textContent).toBe('a\nb');
  });
});
