import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { framesPlugin } from './features/compare/framesPlugin';
import { comparePlugin } from './features/compare/plugin';
import { diffsPlugin } from './features/diffs/plugin';
import { experimentsPlugin } from './features/experiments/plugin';
import { noticesPlugin } from './features/jobs/noticesPlugin';
import { jobsPlugin } from './features/jobs/plugin';
import { modelsPlugin } from './features/models/plugin';
import { panelPlugin } from './features/panel/plugin';
import { submitPlugin } from './features/submit/plugin';
import { trialsPlugin } from './features/trials/plugin';
import {
  clientPlugin,
  jobsModelPlugin,
  trialColoursPlugin
} from './models/plugins';

export * from './tokens';

/** Everything that Studio adds to JupyterLab. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  clientPlugin,
  jobsModelPlugin,
  trialColoursPlugin,
  panelPlugin,
  jobsPlugin,
  noticesPlugin,
  submitPlugin,
  experimentsPlugin,
  comparePlugin,
  framesPlugin,
  diffsPlugin,
  modelsPlugin,
  trialsPlugin
];

export default plugins;
