import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { DataDiff, DataVersion } from '../../../contract';
import { formatSize, formatTime } from '../../../shared/format';
import { ChangeMark } from './changeMark';

/** The data that was read, by name. */
export function DataSection(props: {
  items: readonly DataDiff[];
  trans: TranslationBundle;
}): JSX.Element | null {
  const { items, trans } = props;
  if (items.length === 0) {
    return null;
  }
  return (
    <div className="jp-StudioDiff">
      <table className="jp-StudioDiff-table">
        <caption>{trans.__('Data that was read')}</caption>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('− First')}</th>
            <th scope="col">{trans.__('+ Second')}</th>
            <th scope="col">{trans.__('What tells')}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(item => (
            <tr
              key={item.name}
              className={`jp-mod-${item.change}`}
              data-change={item.change === 'same' ? undefined : ''}
            >
              <td>
                <ChangeMark change={item.change} trans={trans} />
              </td>
              <th scope="row">{item.name}</th>
              <td>{version(item.first, trans)}</td>
              <td>{version(item.second, trans)}</td>
              <td>{item.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function version(
  data: DataVersion | null,
  trans: TranslationBundle
): React.ReactNode {
  if (!data) {
    return '–';
  }
  const counts = [
    data.size_bytes !== null && formatSize(data.size_bytes),
    data.rows !== null &&
      trans._n('%2 row', '%2 rows', data.rows, data.rows.toLocaleString()),
    data.columns !== null &&
      trans._n(
        '%2 column',
        '%2 columns',
        data.columns,
        data.columns.toLocaleString()
      ),
    data.files !== null &&
      trans._n('%2 file', '%2 files', data.files, data.files.toLocaleString()),
    typeof data.modified === 'number'
      ? trans.__('changed %1', formatTime(data.modified))
      : data.modified
  ].filter(Boolean);
  const id = data.sha256 ?? data.etag ?? data.digest;
  return (
    <>
      <div className="jp-StudioDiff-place" title={data.source}>
        {data.source}
      </div>
      {counts.length > 0 && <div>{counts.join(' · ')}</div>}
      {id && (
        <code className="jp-StudioDiff-id" title={id}>
          {id.slice(0, 16)}
        </code>
      )}
    </>
  );
}
