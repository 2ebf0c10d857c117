import { useEffect, useMemo, useState } from 'react';
import { asRequestError, isAbort } from '../../client';
import type { DiffModel } from './diffModel';

/** The artefact of one trial. */
export interface ILoaded {
  run: string;
  name: string;
  /** Null where the trial has none, or it could not be fetched. */
  blob: Blob | null;
  /** Why it is not there. */
  problem: string;
}

/** One artefact of all trials, in their order; null until all are there. */
export function useArtifacts(
  model: DiffModel,
  path: string
): readonly ILoaded[] | null {
  const [found, setFound] = useState<readonly Omit<ILoaded, 'name'>[] | null>(
    null
  );
  const runs = ordered(model);
  const key = runs.join();
  useEffect(() => {
    const abort = new AbortController();
    setFound(null);
    const load = async (run: string) => {
      try {
        const blob = await model.client.artifact(run, path, abort.signal);
        return { run, blob, problem: '' };
      } catch (reason) {
        if (isAbort(reason)) {
          throw reason;
        }
        const problem = asRequestError(reason).message;
        return { run, blob: null, problem };
      }
    };
    Promise.all(key.split(',').map(load)).then(setFound, () => undefined);
    return () => abort.abort();
  }, [model, path, key]);
  // What a trial is called may become known after its artefact.
  const names = runs.map(run => model.name(run)).join('\n');
  return useMemo(
    () => found && found.map(each => ({ ...each, name: model.name(each.run) })),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [found, model, names]
  );
}

/** The same as texts. */
export function useTexts(
  found: readonly ILoaded[] | null
): readonly (ILoaded & { text: string | null })[] | null {
  const [texts, setTexts] = useState<
    readonly (ILoaded & { text: string | null })[] | null
  >(null);
  useEffect(() => {
    let isGone = false;
    setTexts(null);
    if (found) {
      void Promise.all(
        found.map(async each => ({
          ...each,
          text: each.blob ? await each.blob.text() : null
        }))
      ).then(value => {
        if (!isGone) {
          setTexts(value);
        }
      });
    }
    return () => {
      isGone = true;
    };
  }, [found]);
  return texts;
}

/** The two that are held against each other, then the others. */
export function ordered(model: DiffModel): string[] {
  const { first, second, runs } = model;
  return [
    first,
    second,
    ...runs.filter(run => run !== first && run !== second)
  ];
}
