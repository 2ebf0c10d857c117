import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

export interface IPlainTableProps {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  /** Rows in all; null where they were not counted. */
  totalRows: number | null;
  totalColumns: number | null;
  trans: TranslationBundle;
}

/** The first rows of a table, and how many there are. */
export function PlainTable(props: IPlainTableProps): JSX.Element {
  const { columns, rows, totalRows, totalColumns, trans } = props;
  const isNumeric = columns.map((_, column) =>
    rows.every(row => row[column] === null || typeof row[column] === 'number')
  );
  const counted = (shown: number, all: number | null) =>
    all === null
      ? trans.__('the first %1', shown.toLocaleString())
      : shown === all
        ? all.toLocaleString()
        : trans.__(
            'the first %1 of %2',
            shown.toLocaleString(),
            all.toLocaleString()
          );
  return (
    <div className="jp-StudioPlainTable">
      <p className="jp-StudioPreview-remark">
        {trans.__(
          'Rows: %1. Columns: %2.',
          counted(rows.length, totalRows),
          counted(columns.length, totalColumns ?? columns.length)
        )}
      </p>
      <div className="jp-StudioPlainTable-scroll">
        <table className="jp-StudioTable">
          <thead>
            <tr>
              {columns.map((name, column) => (
                <th
                  key={column}
                  scope="col"
                  title={name}
                  className={isNumeric[column] ? 'jp-mod-numeric' : ''}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {columns.map((_, column) => {
                  const text = row[column] === null ? '' : String(row[column]);
                  return (
                    <td
                      key={column}
                      title={text}
                      className={isNumeric[column] ? 'jp-mod-numeric' : ''}
                    >
                      {text}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
