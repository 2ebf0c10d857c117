import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IConnectionStatus } from '@jupyterlab/services';
import { IStateDB } from '@jupyterlab/statedb';
import { StudioClient } from '../client';
import { OutputDrive } from '../client/outputDrive';
import { IJobsModel, IStudioClient, ITrialColours } from '../tokens';
import { JobsModel } from './jobsModel';
import { TrialColours } from './trialColours';

/** Provides typed access to the server and the drive of job directories. */
export const clientPlugin: JupyterFrontEndPlugin<IStudioClient> = {
  id: 'studio_ext:client',
  description: 'Typed access to the server; the read-only drive of outputs.',
  autoStart: true,
  provides: IStudioClient,
  activate: (app: JupyterFrontEnd) => {
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(new OutputDrive(serverSettings));
    return new StudioClient(serverSettings);
  }
};

/** Provides the live state of jobs. */
export const jobsModelPlugin: JupyterFrontEndPlugin<IJobsModel> = {
  id: 'studio_ext:jobs-model',
  description: 'The live state of jobs.',
  autoStart: true,
  provides: IJobsModel,
  requires: [IStudioClient],
  optional: [IConnectionStatus],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    connection: IConnectionStatus | null
  ) =>
    new JobsModel({
      client,
      events: app.serviceManager.events.stream,
      standby: () => connection?.isConnected === false || 'when-hidden'
    })
};

/** Provides the colours of trials. */
export const trialColoursPlugin: JupyterFrontEndPlugin<ITrialColours> = {
  id: 'studio_ext:trial-colours',
  description: 'Which colour each trial has, in all charts and tables.',
  autoStart: true,
  provides: ITrialColours,
  optional: [IStateDB],
  activate: (_: JupyterFrontEnd, state: IStateDB | null) =>
    new TrialColours(state)
};
