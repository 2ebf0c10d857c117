import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IRead } from '../readEach';

/** Which artefacts cannot be read, and why. */
export function Problems(props: {
  found: readonly IRead<unknown>[];
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <>
      {props.found
        .filter(({ problem }) => problem)
        .map(({ run, name, problem }) => (
          <p key={run} className="jp-StudioDiff-note" role="alert">
            {props.trans.__('%1 cannot be read: %2', name, problem)}
          </p>
        ))}
    </>
  );
}
