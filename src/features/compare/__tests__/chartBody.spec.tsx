import { render, screen } from '@testing-library/react';
import React from 'react';
import { comparedRow, comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, trans, until } from '../../../__tests__/fakes';
import type { ISeen } from '../../../__tests__/fakes';
import type { Importance, ImportanceQuery } from '../../../contract';
import { CompareModel } from '../../../models/compareModel';
import { JobsModel } from '../../../models/jobsModel';
import { SeriesModel } from '../../../models/seriesModel';
import { TrialColours } from '../../../models/trialColours';
import { viewOf } from '../../../models/views';
import { fakeObservers } from '../../../shared/charts/__tests__/fakes';
import { ChartBody } from '../components/chartBody';

const IMPORTANCE: Importance = {
  metric: 'metrics.loss',
  name: 'loss',
  trials: 40,
  score: 0.8,
  thin: '',
  left_out: 0,
  items: [
    {
      key: 'params.lr',
      name: 'lr',
      importance: 1,
      spread: 0.1,
      correlation: -0.8
    }
  ]
};

describe('What matters for a metric', () => {
  beforeAll(fakeObservers);
  afterEach(() => jest.restoreAllMocks());

  it('is never shown for another metric', async () => {
    const server = new FakeServer();
    const found = comparison(2, [
      comparedRow('metrics.loss', [0.5, 0.25]),
      comparedRow('metrics.acc', [0.5, 0.75])
    ]);
    let answer: (value: Importance) => void = () => undefined;
    server.on('POST trials/compare', () => found);
    server.on('POST trials/importance', ({ body }: ISeen) =>
      (body as ImportanceQuery).metric === 'metrics.loss'
        ? IMPORTANCE
        : new Promise<Importance>(resolve => (answer = resolve))
    );
    const model = new CompareModel({
      client: server.client,
      jobs: new JobsModel({ client: server.client }),
      colours: new TrialColours()
    });
    model.setView(viewOf('churn', ['run0', 'run1']));
    model.setActive(true);
    await model.refresh();
    const series = new SeriesModel({ client: server.client.trials });
    const body = (metric: string) => (
      <ChartBody
        chart={{ id: 'one', type: 'importance', metric }}
        title="What matters"
        model={model}
        series={series}
        trans={trans}
      />
    );
    const { rerender } = render(body('metrics.loss'));
    await screen.findByRole('group', {}, { timeout: 20_000 });
    rerender(body('metrics.acc'));
    expect(screen.queryByRole('group')).toBeNull();
    expect(screen.getByRole('status')).toBeTruthy();
    await until(() => server.of('POST trials/importance').length === 2);
    answer({ ...IMPORTANCE, metric: 'metrics.acc', name: 'acc' });
    await screen.findByRole('group', {}, { timeout: 20_000 });
    model.dispose();
    series.dispose();
  });
});
