import '../../../style/base.css';
import '../../../style/tabs.css';

/** What is not needed before somebody compares. */
export { prepareLines } from '../../shared/charts/specChart';
export { addCompareCommands } from './commands';
export { CompareView, createCharts } from './compareView';
export { createLooseTab } from './looseTab';
export { newView } from './newView';
export { saveView } from './saveView';
