import { fireEvent, render, screen } from '@testing-library/react';
import React, { useState } from 'react';
import { comparedRow, comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, trans } from '../../../__tests__/fakes';
import { CompareModel } from '../../../models/compareModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { viewOf } from '../../../models/views';
import { ColumnField, ColumnsField } from '../components/columnField';

describe('A field for a column', () => {
  let model: CompareModel;
  const changed = jest.fn();

  function Field(): JSX.Element {
    const [value, setValue] = useState('');
    return (
      <ColumnField
        label="Column"
        kind="any"
        value={value}
        model={model}
        onChange={key => {
          changed(key);
          setValue(key);
        }}
        trans={trans}
      />
    );
  }

  const input = () => screen.getByLabelText<HTMLInputElement>('Column');
  const type = (value: string) =>
    fireEvent.change(input(), { target: { value } });

  beforeEach(async () => {
    changed.mockClear();
    const server = new FakeServer();
    server.on('POST trials/compare', () =>
      comparison(2, [
        comparedRow('metrics.rmse', [0.5, 0.25]),
        comparedRow('params.lr', [0.1, 0.2]),
        comparedRow('params.optimizer', ['adam', 'sgd'])
      ])
    );
    server.on('GET trials/columns', { items: [], total: 0 });
    model = new CompareModel({
      client: server.client,
      jobs: new JobsModel({ client: server.client }),
      colours: new TrialColours()
    });
    model.setView(viewOf('churn', ['run0', 'run1']));
    model.setActive(true);
    await model.refresh();
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('takes the name of a metric for its last value', () => {
    render(<Field />);
    type('rmse');
    expect(changed.mock.calls).toEqual([['metrics.rmse']]);
    expect(input().value).toBe('metrics.rmse');
  });

  it('takes a key that nothing has when it is left, and no part of it', () => {
    render(<Field />);
    type('params.n');
    type('params.new');
    expect(changed).not.toHaveBeenCalled();
    fireEvent.blur(input());
    expect(changed.mock.calls).toEqual([['params.new']]);
    type('nonsense');
    fireEvent.blur(input());
    expect(changed).toHaveBeenCalledTimes(1);
    expect(input().value).toBe('params.new');
  });

  it('chooses the scale of each axis, but not of one with texts', () => {
    const onLog = jest.fn();
    const field = (log: string[]) => (
      <ColumnsField
        label="Axes"
        kind="any"
        values={['params.lr', 'metrics.rmse', 'params.optimizer']}
        max={30}
        model={model}
        onChange={changed}
        log={log}
        onLog={onLog}
        trans={trans}
      />
    );
    const { rerender } = render(field([]));
    const log = (name: string) =>
      screen.getByRole<HTMLButtonElement>('button', {
        name: `Logarithmic scale of ${name}`
      });
    expect(log('optimizer').disabled).toBe(true);
    fireEvent.click(log('lr'));
    expect(onLog).toHaveBeenCalledWith(['params.lr']);
    rerender(field(['params.lr', 'metrics.rmse']));
    expect(log('lr').getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(log('lr'));
    expect(onLog).toHaveBeenLastCalledWith(['metrics.rmse']);
  });
});
