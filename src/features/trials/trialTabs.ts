/** Views of a trial, in their order. */
export const TRIAL_TABS = [
  'overview',
  'metrics',
  'parameters',
  'artifacts',
  'code',
  'environment',
  'data'
] as const;

export type TrialTabName = (typeof TRIAL_TABS)[number];

/** The view that a word from outside names; undefined for none. */
export function toTrialTab(value: unknown): TrialTabName | undefined {
  return TRIAL_TABS.find(name => name === value);
}
