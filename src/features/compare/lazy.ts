import '../../../style/tabs.css';

/** What is not needed before somebody compares. */
export { writeView } from '../../models/viewText';
export { viewOf } from '../../models/views';
export { addCompareCommands } from './commands';
export { CompareView, createCharts } from './compareView';
export { saveView } from './saveView';
