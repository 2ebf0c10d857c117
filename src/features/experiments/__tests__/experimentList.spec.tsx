import { CommandRegistry } from '@lumino/commands';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, trans } from '../../../__tests__/fakes';
import { ExperimentsModel } from '../../../models/experimentsModel';
import { JobsModel } from '../../../models/jobsModel';
import { CommandIDs } from '../../../tokens';
import { ExperimentList } from '../components/experimentList';

describe('experiments', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let executed: [string, unknown][];
  let commands: CommandRegistry;

  beforeEach(() => {
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
    executed = [];
    commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, {
        execute: args => {
          executed.push([id, args]);
        }
      });
    }
  });

  afterEach(() => {
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('lists experiments and opens them', async () => {
    server.on('GET experiments', [
      { id: '1', name: 'house-prices', trials: 37, updated: 10 },
      { id: '2', name: 'churn', trials: null, updated: null }
    ]);
    const model = new ExperimentsModel(server.client, jobs);
    render(<ExperimentList model={model} commands={commands} trans={trans} />);
    expect(await screen.findByText('37 trials')).toBeTruthy();
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    fireEvent.click(screen.getByRole('button', { name: 'churn' }));
    expect(executed).toEqual([[CommandIDs.openExperiment, { name: 'churn' }]]);
    model.dispose();
  });

  it('says what an experiment is where there is none', async () => {
    server.on('GET experiments', []);
    const model = new ExperimentsModel(server.client, jobs);
    render(<ExperimentList model={model} commands={commands} trans={trans} />);
    fireEvent.click(
      await screen.findByRole('button', { name: 'New experiment' })
    );
    expect(executed[0][0]).toBe(CommandIDs.newExperiment);
    model.dispose();
  });
});
