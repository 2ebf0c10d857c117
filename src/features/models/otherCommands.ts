import type { CommandRegistry } from '@lumino/commands';
import { CommandIDs } from '../../tokens';

/** A trial, as the commands of others name it. */
export interface ITrialRef {
  experiment: string;
  run: string;
}

/** Show everything about a trial; where nothing can, its row in the table. */
export function openTrial(
  commands: CommandRegistry,
  { experiment, run }: ITrialRef
): Promise<unknown> {
  return commands.hasCommand(SHOW_TRIAL)
    ? commands.execute(SHOW_TRIAL, { experiment, run })
    : commands.execute(CommandIDs.openExperiment, { name: experiment, run });
}

/** Whether trials can be compared here. */
export function canCompare(commands: CommandRegistry): boolean {
  return commands.hasCommand(COMPARE);
}

/** Compare trials of one experiment, or of several beginning with one. */
export function compareTrials(
  commands: CommandRegistry,
  experiment: string,
  runs: readonly string[]
): Promise<unknown> {
  return commands.execute(COMPARE, { experiment, runs: [...runs] });
}

const SHOW_TRIAL = 'studio-trials:show';
const COMPARE = 'studio-compare:open';
