import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import React from 'react';
import { GraphView } from '../graphView';
import { MAX_LABELS, readGraph } from '../graphs';
import { PlainTable } from '../plainTable';
import { fenced } from '../rendered';
import { TextView } from '../textView';

const trans = nullTranslator.load('studio_ext');

const MATRIX = {
  type: 'ConfusionMatrix',
  version: 0,
  title: '<b>Flowers</b>',
  confusionMatrix: [
    [5, 1],
    [0, 4]
  ],
  labels: ['<i>a</i>', 2]
};
const ROC = {
  type: 'ROCCurve',
  title: 'ROC',
  falsePositiveRate: [0, 0.5, 1],
  truePositiveRate: [0, 0.9, 1],
  areaUnderCurve: 0.85
};

describe('graphs that a tracker logged', () => {
  it('are read', () => {
    expect(readGraph(MATRIX)).toMatchObject({ labels: ['<i>a</i>', '2'] });
    expect(readGraph(ROC)).toMatchObject({ score: 0.85, chance: null });
    expect(
      readGraph({
        type: 'PrecisionRecallCurve',
        precision: [0.5, 1],
        recall: [1, 0],
        averagePrecisionScore: 'high',
        noSkill: 0.4
      })
    ).toMatchObject({ x: [1, 0], y: [0.5, 1], score: null, chance: 0.4 });
  });

  it.each([
    null,
    5,
    [],
    {},
    { type: 'Table' },
    { ...MATRIX, labels: ['a'] },
    { ...MATRIX, labels: [], confusionMatrix: [] },
    { ...MATRIX, confusionMatrix: [[1, 2], [3]] },
    {
      ...MATRIX,
      confusionMatrix: [
        [1, 'x'],
        [0, 0]
      ]
    },
    {
      ...MATRIX,
      confusionMatrix: [
        [1, null],
        [0, 0]
      ]
    },
    { ...ROC, falsePositiveRate: [0, 1] },
    { ...ROC, truePositiveRate: [0, 2, 1] },
    { ...ROC, truePositiveRate: [0, null, 1] },
    { ...ROC, falsePositiveRate: [], truePositiveRate: [] }
  ])('are not what is broken: %j', value => {
    expect(readGraph(value)).toBeNull();
  });

  it('are shown as text, never as markup', () => {
    const graph = readGraph(MATRIX);
    const { container } = render(<GraphView graph={graph!} trans={trans} />);
    expect(container.querySelector('b, i')).toBeNull();
    expect(screen.getByText('<b>Flowers</b>')).toBeTruthy();
    expect(container.textContent).toContain('9 of 10 right (90.0 %)');
    const cells = [...container.querySelectorAll('tbody td')];
    expect(cells.map(cell => cell.textContent)).toEqual(['5', '1', '0', '4']);
  });

  it('are cut where there are too many labels', () => {
    const size = MAX_LABELS + 5;
    const rows = Array.from({ length: size }, () =>
      new Array<number>(size).fill(0)
    );
    const labels = rows.map((_, at) => `label ${at}`);
    const graph = readGraph({ ...MATRIX, labels, confusionMatrix: rows });
    const { container } = render(<GraphView graph={graph!} trans={trans} />);
    expect(container.querySelectorAll('tbody tr')).toHaveLength(MAX_LABELS);
    expect(container.textContent).toContain('60 of 65 labels are shown');
  });

  it('say in words what a curve amounts to', () => {
    render(<GraphView graph={readGraph(ROC)!} trans={trans} />);
    expect(
      screen.getByRole('img', { name: 'ROC. Area below the curve: 0.85' })
    ).toBeTruthy();
  });
});

describe('texts and tables', () => {
  it('are fenced so that nothing in them ends the fence', () => {
    expect(fenced('a ``` b ````` c', 'json').split('\n')[0]).toBe('``````json');
    expect(fenced('a', 'diff')).toBe('```diff\na\n```');
  });

  it('are shown as they are', () => {
    const { container } = render(
      <TextView
        text="<script>alert(1)</script>"
        mediaType="text/html"
        isCut
        rendermime={null}
        trans={trans}
      />
    );
    expect(container.querySelector('script')).toBeNull();
    expect(container.textContent).toContain('<script>alert(1)</script>');
    expect(container.textContent).toContain('This is the beginning');
  });

  it('say how much of a table is shown', () => {
    const { container } = render(
      <PlainTable
        columns={['<b>a</b>', 'n']}
        rows={[
          ['x', 1],
          [null, null]
        ]}
        totalRows={5_000}
        totalColumns={9}
        trans={trans}
      />
    );
    expect(container.textContent).toContain(
      'Rows: the first 2 of 5,000. Columns: the first 2 of 9.'
    );
    const heads = [...container.querySelectorAll('th')];
    expect(heads.map(({ className }) => className)).toEqual([
      '',
      'jp-mod-numeric'
    ]);
    expect(container.querySelector('b')).toBeNull();
  });
});
