import { Token } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import type { StudioClient } from './client';
import type { CompareModel } from './models/compareModel';
import type { JobsModel } from './models/jobsModel';
import type { TrialColours } from './models/trialColours';

/** npm name of the extension; also the translation domain. */
export const DOMAIN = 'studio_ext';

/** Ids of the commands through which the features meet. */
export namespace CommandIDs {
  export const runAsJob = 'studio-submit:run-as-job';
  export const runSelected = 'studio-submit:run-selected';

  export const openJob = 'studio-jobs:open';
  export const showLog = 'studio-jobs:show-log';
  export const stopJob = 'studio-jobs:stop';
  export const runAgain = 'studio-jobs:run-again';
  export const openOutput = 'studio-jobs:open-output';
  export const saveCopy = 'studio-jobs:save-copy';
  export const deleteJob = 'studio-jobs:delete';
  export const copyId = 'studio-jobs:copy-id';
  export const openJobTrial = 'studio-jobs:open-trial';
  export const refreshJobs = 'studio-jobs:refresh';

  export const openExperiment = 'studio-experiments:open';
  export const newExperiment = 'studio-experiments:create';

  export const showTrial = 'studio-trials:show';
  export const openTrial = 'studio-trials:open';
  export const openTrialJob = 'studio-trials:open-job';
  export const copyTrials = 'studio-trials:copy';
  export const copyRunId = 'studio-trials:copy-id';
  export const selectAllTrials = 'studio-trials:select-all';
  export const deleteTrials = 'studio-trials:delete';
  export const sortTrials = 'studio-trials:sort';
  export const clearSort = 'studio-trials:clear-sort';
  export const pinColumn = 'studio-trials:pin-column';
  export const hideColumn = 'studio-trials:hide-column';
  export const setDirection = 'studio-trials:set-direction';
  export const groupTrials = 'studio-trials:group';
  export const filterTrials = 'studio-trials:filter';
  export const showConditions = 'studio-trials:show-conditions';
  export const showSavedFilters = 'studio-trials:show-saved-filters';
  export const chooseColumns = 'studio-trials:choose-columns';
  export const showDifferences = 'studio-trials:show-differences';
  export const hideConstant = 'studio-trials:hide-constant';
  export const toggleTree = 'studio-trials:toggle-tree';
  export const exportTrials = 'studio-trials:export';
  export const refreshTrials = 'studio-trials:refresh';
  export const registerTrial = 'studio-trials:register-model';
  export const showTrialLineage = 'studio-trials:show-lineage';

  export const openModel = 'studio-models:open';
  export const registerModel = 'studio-models:register';
  export const refreshModels = 'studio-models:refresh';
  export const openLineage = 'studio-lineage:open';

  /** Of trials that are selected in a table. */
  export const compareTrials = 'studio-trials:compare';
  /** Opens what two trials made, side by side: `first`, `second`. */
  export const openDiffs = 'studio-diffs:open';

  /** `experiment` and `runs`, or `view`, the text of one. */
  export const openComparison = 'studio-compare:open';
  export const addToComparison = 'studio-compare:add';
  export const setBaseline = 'studio-compare:set-baseline';
  export const hideTrial = 'studio-compare:hide';
  export const removeTrial = 'studio-compare:remove';
  export const diffTrials = 'studio-compare:diff';
  export const toggleDifferences = 'studio-compare:toggle-differences';
  export const saveView = 'studio-compare:save';
  export const exportView = 'studio-compare:export';

  export const showPanel = 'studio-panel:show';
}

/** The left side bar panel, to which every feature adds its section. */
export interface IStudioPanel {
  /** Add a section; a smaller rank stands higher. */
  addSection(section: Widget, rank: number): void;
}

export const IStudioPanel = new Token<IStudioPanel>(
  'studio_ext:IStudioPanel',
  'The Studio panel in the left side bar; add a section to it.'
);

/** Typed access to the REST interface of Studio. */
export type IStudioClient = StudioClient;

export const IStudioClient = new Token<IStudioClient>(
  'studio_ext:IStudioClient',
  'Typed access to the REST interface of Studio.'
);

/** The live state of all jobs. */
export type IJobsModel = JobsModel;

export const IJobsModel = new Token<IJobsModel>(
  'studio_ext:IJobsModel',
  'The live state of jobs: which are active, and what changes.'
);

/** Which colour each trial has, in all charts and tables. */
export type ITrialColours = TrialColours;

export const ITrialColours = new Token<ITrialColours>(
  'studio_ext:ITrialColours',
  'Which colour each trial has, in all charts and tables.'
);

/** Views of trials side by side, for other tabs. */
export interface IComparisonViews {
  /** Fetch what shows comparisons: somebody is about to compare. */
  prepare(): Promise<void>;
  /** The charts of a comparison, as a widget; its code is loaded then. */
  createCharts(model: CompareModel): Promise<Widget>;
}

export const IComparisonViews = new Token<IComparisonViews>(
  'studio_ext:IComparisonViews',
  'Charts of trials, for tabs that show trials.'
);
