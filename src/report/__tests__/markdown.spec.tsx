import { render } from '@testing-library/react';
import React from 'react';
import { Markdown } from '../markdown';

const show = (text: string) => render(<Markdown text={text} />).container;

describe('Markdown in a report', () => {
  it('has headings below those of the report, lists, tables, code and emphasis', () => {
    const node = show(
      [
        '# Why\n\nIt is **much** *better*, ~~not~~ `lr=0.1` &amp; more.',
        '- one\n- [x] two\n\n3. three',
        '| a | b |\n|---|---|\n| 1 | 2 |',
        '```python\nx = "<b>"\n```',
        '> said\n\n---'
      ].join('\n\n')
    );
    expect(node.querySelector('h3')?.textContent).toBe('Why');
    expect(node.querySelector('p')?.textContent).toBe(
      'It is much better, not lr=0.1 & more.'
    );
    expect(node.querySelectorAll('li')).toHaveLength(3);
    expect(node.querySelector('ol')?.start).toBe(3);
    expect(node.querySelector('input')?.checked).toBe(true);
    expect(node.querySelectorAll('th, td')).toHaveLength(4);
    expect(node.querySelector('pre')?.textContent).toBe('x = "<b>"');
    expect(node.querySelector('blockquote')?.textContent).toContain('said');
  });

  it.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    'text <b onclick="alert(1)">bold</b>',
    '<iframe src="https://example.org"></iframe>',
    '<style>* { display: none }</style>',
    '&lt;img src=x onerror=alert(1)&gt;',
    '```html"><img src=x>\n<img src=y>\n```'
  ])('never makes markup of %s', text => {
    const node = show(text);
    expect(node.querySelector('img, script, b, iframe, style')).toBeNull();
    expect(node.textContent).toContain('<');
  });

  it.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '[x](file:///etc/passwd)',
    '[x](other.md)',
    '[x](//example.org)',
    '<javascript:alert(1)>'
  ])('makes no link of %s', text => {
    const node = show(text);
    expect(node.querySelector('a')).toBeNull();
    expect(node.textContent).not.toBe('');
  });

  it('links pages, and gives them nothing of this one', () => {
    const link = show(
      '[paper](https://example.org/a?b=c "title")'
    ).querySelector('a')!;
    expect(link.href).toBe('https://example.org/a?b=c');
    expect(link.rel).toBe('noopener noreferrer');
    const named = show('[x](https://example.org/?a=1&amp;b=2)');
    expect(named.querySelector('a')!.href).toBe('https://example.org/?a=1&b=2');
    expect(
      show('[x](javascript&colon;alert(1))').querySelector('a')
    ).toBeNull();
    expect(show('![A &amp; B](u)').textContent).toBe('A & B');
  });

  it('fetches no picture', () => {
    const node = show('![the curve](https://example.org/a.png)');
    expect(node.querySelector('img')).toBeNull();
    expect(node.textContent).toBe('the curve');
  });

  it('shows what is nested without end as it is written', () => {
    for (const text of [
      '> '.repeat(5_000),
      '['.repeat(10_000),
      '- '.repeat(3_000) + 'x',
      '*'.repeat(20_000),
      '*a '.repeat(6_600)
    ]) {
      const began = Date.now();
      const node = show(text);
      expect(node.querySelectorAll('blockquote').length).toBeLessThan(40);
      expect(Date.now() - began).toBeLessThan(10_000);
    }
  });
});
