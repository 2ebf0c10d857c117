import '../../../style/base.css';
import '../../../style/tabs.css';

/** What is not needed before somebody opens an experiment. */
export { createExperimentTab } from './experimentTab';
export { SavedFilters } from './savedFilters';
export { addTrialCommands } from './trialCommands';
