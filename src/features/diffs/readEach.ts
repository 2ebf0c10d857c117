import { NotReadable } from './documents';
import type { ILoaded } from './useArtifacts';

/** The text of an artefact of one trial. */
export type IText = ILoaded & { text: string | null };

/** What an artefact of one trial says. */
export interface IRead<T> {
  run: string;
  name: string;
  value: T | null;
  /** Why it cannot be read. */
  problem: string;
}

/** Read the artefact of each trial; what cannot be read says so and keeps its place. */
export function readEach<T>(
  found: readonly IText[],
  read: (text: string) => T
): IRead<T>[] {
  return found.map(({ run, name, text }) => {
    try {
      return {
        run,
        name,
        value: text === null ? null : read(text),
        problem: ''
      };
    } catch (reason) {
      if (reason instanceof NotReadable) {
        return { run, name, value: null, problem: reason.message };
      }
      throw reason;
    }
  });
}
