import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { EnvironmentDiff } from '../../../contract';
import { ChangeMark, changeWord } from './changeMark';
import type { ChangeWord } from './changeMark';

/** Where the trials ran: facts, then the packages that differ. */
export function EnvironmentSection(props: {
  diff: EnvironmentDiff;
  trans: TranslationBundle;
}): JSX.Element {
  const { diff, trans } = props;
  const names: Record<string, string> = {
    python: trans.__('Python'),
    platform: trans.__('Platform'),
    cpus: trans.__('CPUs'),
    gpus: trans.__('GPUs'),
    runner: trans.__('Runner'),
    kernel: trans.__('Kernel'),
    image: trans.__('Image'),
    'image id': trans.__('Image id'),
    memory: trans.__('Memory')
  };
  return (
    <div className="jp-StudioDiff">
      <PairTable
        caption={trans.__('Machine and kernel')}
        rows={diff.facts.map(fact => ({
          ...fact,
          name: names[fact.name] ?? fact.name
        }))}
        trans={trans}
      />
      {diff.packages.length > 0 && (
        <PairTable
          caption={trans.__('Packages that differ')}
          rows={diff.packages}
          trans={trans}
        />
      )}
      {diff.has_packages && (
        <p className="jp-StudioDiff-note">
          {trans._n(
            '%1 package has the same version in both.',
            '%1 packages have the same version in both.',
            diff.same_packages
          )}
        </p>
      )}
    </div>
  );
}

interface IPairRow {
  name: string;
  change: ChangeWord;
  first: string | null;
  second: string | null;
}

function PairTable(props: {
  caption: string;
  rows: readonly IPairRow[];
  trans: TranslationBundle;
}): JSX.Element | null {
  const { caption, rows, trans } = props;
  if (rows.length === 0) {
    return null;
  }
  return (
    <table className="jp-StudioDiff-table">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col" />
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('− First')}</th>
          <th scope="col">{trans.__('+ Second')}</th>
          <th scope="col" />
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr
            key={row.name}
            className={`jp-mod-${row.change}`}
            data-change={row.change === 'same' ? undefined : ''}
          >
            <td>
              <ChangeMark change={row.change} trans={trans} />
            </td>
            <th scope="row">{row.name}</th>
            <td>{row.first ?? '–'}</td>
            <td>{row.second ?? '–'}</td>
            <td className="jp-StudioDiff-word">
              {changeWord(row.change, trans)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
