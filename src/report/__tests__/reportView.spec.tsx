import { fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import { until } from '../../__tests__/fakes';
import type { ComparedRow, ViewReport } from '../../contract';
import { fakeObservers } from '../../shared/charts/__tests__/fakes';
import { trialsOf } from '../reportData';
import { ReportView } from '../reportView';
import { trans } from '../trans';

const HOSTILE = '</script><img src=x onerror=alert(1)>';

function row(fields: Partial<ComparedRow>): ComparedRow {
  return {
    key: 'params.lr',
    kind: 'parameter',
    name: 'lr',
    numeric: true,
    differs: true,
    better: null,
    values: [0.1, 0.01, null],
    lows: [],
    highs: [],
    ...fields
  };
}

const report: ViewReport = {
  made: 1_700_000_000,
  version: '1.2.3',
  view: {
    title: HOSTILE,
    notes: '**first** look\nsecond line',
    sources: [{ experiment: 'churn' }],
    baseline: 'b',
    hidden: ['c'],
    charts: [
      { id: '1', type: 'scatter', x: 'params.lr', y: 'metrics.rmse' },
      {
        id: '2',
        type: 'parallel',
        keys: ['params.lr', 'metrics.rmse'],
        wide: true
      },
      { id: '3', type: 'importance', metric: 'metrics.rmse' },
      { id: '4', type: 'line', metrics: ['rmse'] },
      { id: '5', type: 'box', by: 'params.lr', value: 'metrics.gone' }
    ]
  },
  comparison: {
    trials: ['a', 'b', 'c'].map((run_id, index) => ({
      run_id,
      experiment: 'churn',
      name: index === 2 ? 'same' : 'twice',
      status: index === 0 ? 'FAILED' : 'FINISHED',
      started: null,
      ended: null,
      job_id: null
    })),
    rows: [
      row({}),
      row({
        key: 'metrics.rmse',
        kind: 'metric',
        name: 'rmse',
        better: 'lower',
        values: [3, 4, 'NaN'],
        lows: [3, 4, null],
        highs: [5, 6, null]
      }),
      row({
        key: 'tags.stage',
        kind: 'tag',
        name: HOSTILE,
        numeric: false,
        differs: false,
        values: [HOSTILE, HOSTILE, HOSTILE]
      })
    ],
    total_rows: 3,
    differing_rows: 2,
    missing: ['x', 'y'],
    left_out: 0,
    charts: [],
    index: {} as ViewReport['comparison']['index']
  },
  colours: { a: 5, b: 2, c: 0 },
  histories: [
    {
      chart: '4',
      series: [
        {
          run_id: 'a',
          name: 'rmse',
          count: 2,
          shown: 2,
          preview: false,
          first: 0,
          not_finite: 0,
          last: 3,
          step: [0, 1],
          time: [],
          value: [5, 3]
        }
      ]
    }
  ],
  importances: [
    {
      chart: '3',
      importance: {
        metric: 'metrics.rmse',
        name: 'rmse',
        trials: 2,
        items: [],
        score: null,
        left_out: 0,
        thin: 'Only 2 trials with a finite value of rmse.'
      }
    }
  ],
  notes: ['The store was away.']
};

describe('ReportView', () => {
  beforeAll(() => {
    fakeObservers();
    window.matchMedia = jest.fn().mockReturnValue({
      addEventListener: jest.fn(),
      removeEventListener: jest.fn()
    });
  });

  it('says what it is of, when it was made and what is not there', () => {
    const { container } = render(<ReportView report={report} />);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(HOSTILE);
    expect(screen.getByText(/of 3 trials of churn, with Studio 1\.2\.3\./));
    expect(screen.getByText('The store was away.')).toBeTruthy();
    expect(screen.getByText('2 trials of the view were not there any more.'));
    expect(screen.getByText('first').tagName).toBe('STRONG');
    expect(container.querySelector('img')).toBeNull();
  });

  it('draws its charts, and says why one is empty', async () => {
    const { container } = render(<ReportView report={report} />);
    await until(
      () =>
        container.querySelectorAll('.jp-StudioChart-plot svg path').length > 4
    );
    const names = [...container.querySelectorAll('.jp-StudioChart-title')].map(
      each => each.textContent
    );
    expect(names).toEqual([
      'rmse over lr',
      'Parallel coordinates',
      'What matters for rmse',
      'rmse',
      expect.stringContaining('by lr')
    ]);
    expect(
      screen.getAllByText('Only 2 trials with a finite value of rmse.').length
    ).toBeGreaterThan(0);
    expect(
      screen.getByText(/No trial has values of both, lr and/)
    ).toBeTruthy();
  });

  it('holds trials against the baseline, which stands first', () => {
    render(<ReportView report={report} />);
    const heads = screen
      .getAllByRole('columnheader')
      .map(each => each.textContent);
    expect(heads[1]).toContain('twice (b)');
    expect(heads[1]).toContain('baseline');
    const rmse = screen.getByRole('row', { name: /rmse/ });
    const cells = within(rmse)
      .getAllByRole('cell')
      .map(each => each.textContent);
    expect(cells[0]).toBe('4');
    expect(cells[1]).toContain('★');
    expect(cells[1]).toContain('−1 (−25 %)');
    expect(cells[1]).toContain('better than the baseline');
    expect(cells[2]).toBe('NaN');
  });

  it('gives trials the colours and names that they had', async () => {
    expect(trialsOf(report).map(({ colour }) => colour)).toEqual([5, 2, 0]);
    render(<ReportView report={report} />);
    const chart = await screen.findByRole('group', {
      name: /^rmse: twice \(a\)/
    });
    expect(chart).toBeTruthy();
  });

  it('lets a reader change the scale and the order of axes', async () => {
    render(<ReportView report={report} />);
    const axis = await screen.findByRole('button', {
      name: 'Move the axis lr'
    });
    fireEvent.keyDown(axis, { key: 'ArrowRight' });
    const names = screen
      .getAllByRole('button', { name: /^Move the axis/ })
      .map(each => each.getAttribute('aria-label'));
    expect(names).toEqual(['Move the axis rmse', 'Move the axis lr']);
    const log = await screen.findByRole('button', { name: 'log' });
    fireEvent.click(log);
    expect(log.getAttribute('aria-pressed')).toBe('true');
  });

  it('shows what all have in common when it is asked to', () => {
    render(<ReportView report={report} />);
    expect(screen.queryByRole('row', { name: /script/ })).toBeNull();
    fireEvent.click(screen.getByRole('checkbox'));
    expect(screen.getByRole('row', { name: /script/ })).toBeTruthy();
  });

  it('selects a trial everywhere', () => {
    const { container } = render(<ReportView report={report} />);
    const chip = screen.getByRole('button', { name: /same/ });
    expect(chip.textContent).toContain('not drawn');
    fireEvent.click(chip);
    expect(chip.getAttribute('aria-pressed')).toBe('true');
    expect(container.querySelectorAll('td.jp-mod-selected')).toHaveLength(2);
  });
});

it('fills in what texts name, and nothing else', () => {
  expect(trans.__('%1 of %2', 'a %2', '$&')).toBe('a %2 of $&');
  expect(trans.__('100 %3', 1)).toBe('100 %3');
  expect(trans._n('%1 trial of %2', '%1 trials of %2', 1, 'x')).toBe(
    '1 trial of x'
  );
  expect(trans._n('%1 trial', '%1 trials', 0)).toBe('0 trials');
});
