/** What is there when JupyterLab starts: more of views than this is loaded when it is first needed. */
import type { CompareQuery, TrialSource } from '../contract';

/** Most trials of one view. */
export const MAX_TRIALS = 200;
/** Rows that are asked for at once; those that differ come before others. */
const MAX_ROWS = 300;

/** Some trials of an experiment; more than there can be in a view are left out. */
export function sourceOf(
  experiment: string,
  runIds: readonly string[]
): TrialSource {
  return { experiment, run_ids: [...new Set(runIds)].slice(0, MAX_TRIALS) };
}

/**
 * What a comparison asks for: `text` is what names of rows have to hold, `keys`
 * are columns that are answered whatever that says, and `suited`: which charts
 * suit the trials as well.
 */
export function compareQuery(
  sources: TrialSource[],
  text = '',
  keys: string[] = [],
  suited = true
): CompareQuery & { keys: string[] } {
  return { sources, text, keys, limit: MAX_ROWS, suited };
}
