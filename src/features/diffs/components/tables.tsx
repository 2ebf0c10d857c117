import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useRef } from 'react';
import { isSameCell, readTable } from '../documents';
import type { ITable } from '../documents';
import { readEach } from '../readEach';
import type { IText } from '../readEach';
import { Problems } from './problems';

/** Tables side by side, scrolled together; cells that are not as in the first are marked. */
export function Tables(props: {
  path: string;
  found: readonly IText[];
  trans: TranslationBundle;
}): JSX.Element {
  const { path, found, trans } = props;
  const places = useRef(new Map<string, HTMLDivElement>());
  const read = useMemo(
    () => readEach(found, text => readTable(text, path)),
    [found, path]
  );
  const first = read[0].value;
  const onScroll = (event: React.UIEvent<HTMLDivElement>) => {
    const { scrollTop, scrollLeft } = event.currentTarget;
    for (const place of places.current.values()) {
      if (place !== event.currentTarget) {
        place.scrollTop = scrollTop;
        place.scrollLeft = scrollLeft;
      }
    }
  };
  return (
    <div>
      <Problems found={read} trans={trans} />
      <div className="jp-StudioDiff-tables">
        {read.map(
          ({ run, name, value }, index) =>
            value && (
              <div key={run} className="jp-StudioDiff-pane">
                <h4>
                  {name}
                  <span className="jp-StudioDiff-word">
                    {said(value, index > 0 ? first : null, trans)}
                  </span>
                </h4>
                <div
                  className="jp-StudioDiff-scroll"
                  tabIndex={0}
                  role="region"
                  aria-label={name}
                  ref={node => {
                    if (node) {
                      places.current.set(run, node);
                    } else {
                      places.current.delete(run);
                    }
                  }}
                  onScroll={onScroll}
                >
                  <Grid
                    table={value}
                    first={index > 0 ? first : null}
                    trans={trans}
                  />
                </div>
              </div>
            )
        )}
      </div>
    </div>
  );
}

function Grid(props: {
  table: ITable;
  first: ITable | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { table, first, trans } = props;
  const places = table.columns.map(name => first?.columns.indexOf(name) ?? -1);
  return (
    <table className="jp-StudioDiff-grid">
      <thead>
        <tr>
          {table.columns.map((name, at) => (
            <th key={at} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, index) => (
          <tr key={index}>
            {row.map((cell, at) => {
              const before = first?.rows[index]?.[places[at]];
              const differs = first !== null && !isSameCell(before, cell);
              return (
                <td
                  key={at}
                  className={differs ? 'jp-mod-changed' : undefined}
                  title={
                    differs
                      ? trans.__('first: %1', before ?? trans.__('none'))
                      : undefined
                  }
                  data-change={differs ? '' : undefined}
                >
                  {cell}
                  {differs && (
                    <span role="img" aria-label={trans.__('differs')}>
                      {' '}
                      ≠
                    </span>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How much is shown, and how much differs. */
function said(
  table: ITable,
  first: ITable | null,
  trans: TranslationBundle
): string {
  const parts: string[] = [];
  if (table.total > table.rows.length) {
    parts.push(
      trans.__(
        '%1 of %2 rows',
        table.rows.length.toLocaleString(),
        table.total.toLocaleString()
      )
    );
  }
  if (table.totalColumns > table.columns.length) {
    parts.push(
      trans.__('%1 of %2 columns', table.columns.length, table.totalColumns)
    );
  }
  if (first && first.total !== table.total) {
    parts.push(
      trans.__(
        '%1 rows, the first has %2',
        table.total.toLocaleString(),
        first.total.toLocaleString()
      )
    );
  }
  return parts.join(', ');
}
