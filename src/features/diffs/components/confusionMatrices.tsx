import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useState } from 'react';
import { formatNumber } from '../../../shared/format';
import { accuracy, alignMatrices, readMatrix, shares } from '../documents';
import { readEach } from '../readEach';
import type { IText } from '../readEach';
import { Problems } from './problems';

/** Confusion matrices on the same labels and the same scale of colours, and how the second differs from the first. */
export function ConfusionMatrices(props: {
  found: readonly IText[];
  trans: TranslationBundle;
}): JSX.Element {
  const { found, trans } = props;
  const [isShare, setShare] = useState(false);
  const read = useMemo(() => readEach(found, readMatrix), [found]);
  const {
    labels,
    total,
    matrices: shown
  } = useMemo(
    () =>
      // Shares are those of whole rows, however many labels are shown.
      alignMatrices(
        read.map(({ value }) =>
          value && isShare ? { ...value, matrix: shares(value.matrix) } : value
        )
      ),
    [read, isShare]
  );
  const rights = useMemo(
    () => read.map(({ value }) => value && accuracy(value.matrix)),
    [read]
  );
  const high = Math.max(...shown.flatMap(matrix => matrix?.flat() ?? [0]), 0);
  const [first, second] = shown;
  const difference =
    first && second
      ? first.map((row, x) => row.map((value, y) => second[x][y] - value))
      : null;
  const format = (value: number) =>
    isShare ? `${(value * 100).toFixed(1)}%` : formatNumber(value);
  return (
    <div>
      <div className="jp-StudioDiff-tools">
        <label>
          <input
            type="checkbox"
            checked={isShare}
            onChange={event => setShare(event.target.checked)}
          />
          {trans.__('Share of each row')}
        </label>
        <span>{trans.__('Rows: true label. Columns: predicted label.')}</span>
        {labels.length < total && (
          <span>
            {trans.__(
              '%1 of %2 labels are shown.',
              labels.length,
              total.toLocaleString()
            )}
          </span>
        )}
      </div>
      <Problems found={read} trans={trans} />
      <div className="jp-StudioDiff-matrices">
        {shown.map((matrix, index) => {
          const right = rights[index];
          return (
            matrix && (
              <Matrix
                key={read[index].run}
                caption={read[index].name}
                note={
                  right === null
                    ? ''
                    : trans.__('%1% right', (right * 100).toFixed(1))
                }
                labels={labels}
                matrix={matrix}
                high={high}
                format={format}
              />
            )
          );
        })}
        {difference && (
          <Matrix
            caption={trans.__('Difference')}
            note={trans.__('second less first')}
            labels={labels}
            matrix={difference}
            high={Math.max(...difference.flat().map(Math.abs), 0)}
            format={value =>
              value > 0
                ? `+${format(value)}`
                : value < 0
                  ? `−${format(-value)}`
                  : '0'
            }
          />
        )}
      </div>
    </div>
  );
}

function Matrix(props: {
  caption: string;
  note: string;
  labels: readonly string[];
  matrix: readonly (readonly number[])[];
  /** Value that has the strongest colour. */
  high: number;
  format: (value: number) => string;
}): JSX.Element {
  const { caption, note, labels, matrix, high, format } = props;
  return (
    <table className="jp-StudioDiff-matrix">
      <caption>
        <strong>{caption}</strong> {note}
      </caption>
      <thead>
        <tr>
          <td />
          {labels.map(label => (
            <th key={label} scope="col" title={label}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {matrix.map((row, x) => (
          <tr key={labels[x]}>
            <th scope="row" title={labels[x]}>
              {labels[x]}
            </th>
            {row.map((value, y) => (
              <td
                key={labels[y]}
                title={`${labels[x]} → ${labels[y]}: ${format(value)}`}
                style={{ backgroundColor: colour(value, high) }}
              >
                {format(value)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Stronger for more; text stays readable on it in every theme. */
function colour(value: number, high: number): string {
  const share = high > 0 ? Math.round((Math.abs(value) / high) * 45) : 0;
  const base = `var(--jp-studio-series-${value < 0 ? 1 : 0})`;
  return `color-mix(in srgb, ${base} ${share}%, transparent)`;
}
