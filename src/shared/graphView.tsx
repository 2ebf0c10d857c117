import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { formatNumber } from './format';
import { MAX_LABELS } from './graphs';
import type { Graph, IConfusionMatrix, ICurve } from './graphs';

export interface IGraphViewProps {
  graph: Graph;
  trans: TranslationBundle;
}

/** A confusion matrix or a curve that a tracker logged. */
export function GraphView(props: IGraphViewProps): JSX.Element {
  const { graph, trans } = props;
  return (
    <figure className="jp-StudioGraph">
      {graph.title && <figcaption>{graph.title}</figcaption>}
      {graph.type === 'ConfusionMatrix' ? (
        <Matrix matrix={graph} trans={trans} />
      ) : (
        <Curve curve={graph} trans={trans} />
      )}
    </figure>
  );
}

function Matrix(props: {
  matrix: IConfusionMatrix;
  trans: TranslationBundle;
}): JSX.Element {
  const { matrix, trans } = props;
  const labels = matrix.labels.slice(0, MAX_LABELS);
  const all = matrix.counts.flat().reduce((sum, count) => sum + count, 0);
  const right = matrix.counts.reduce((sum, row, at) => sum + row[at], 0);
  return (
    <>
      <table className="jp-StudioMatrix">
        <thead>
          <tr>
            <td />
            <th scope="colgroup" colSpan={labels.length}>
              {trans.__('taken for')}
            </th>
          </tr>
          <tr>
            <th scope="col">{trans.__('was')}</th>
            {labels.map((label, at) => (
              <th key={at} scope="col" title={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, row) => {
            const sum = matrix.counts[row].reduce((a, b) => a + b, 0);
            return (
              <tr key={row}>
                <th scope="row" title={label}>
                  {label}
                </th>
                {labels.map((other, column) => {
                  const count = matrix.counts[row][column];
                  const share = sum > 0 ? count / sum : 0;
                  return (
                    <td
                      key={column}
                      className={row === column ? 'jp-mod-right' : ''}
                      style={
                        {
                          '--jp-studio-share': `${Math.round(share * 100)}%`
                        } as React.CSSProperties
                      }
                      title={trans.__(
                        '%1 taken for %2: %3 (%4 %)',
                        label,
                        other,
                        count.toLocaleString(),
                        (share * 100).toFixed(1)
                      )}
                    >
                      {count.toLocaleString()}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="jp-StudioGraph-remark">
        {all > 0 &&
          trans.__(
            '%1 of %2 right (%3 %)',
            right.toLocaleString(),
            all.toLocaleString(),
            ((100 * right) / all).toFixed(1)
          )}
        {matrix.labels.length > labels.length &&
          `; ${trans.__('%1 of %2 labels are shown', labels.length, matrix.labels.length)}`}
      </p>
    </>
  );
}

const SIZE = 320;
const LEFT = 44;
const BOTTOM = 40;
const MARKS = [0, 0.25, 0.5, 0.75, 1];

function Curve(props: {
  curve: ICurve;
  trans: TranslationBundle;
}): JSX.Element {
  const { curve, trans } = props;
  const isRoc = curve.type === 'ROCCurve';
  const left = (value: number) => LEFT + value * SIZE;
  const top = (value: number) => 8 + (1 - value) * SIZE;
  const path = curve.x
    .map(
      (x, at) =>
        `${at === 0 ? 'M' : 'L'}${left(x).toFixed(1)} ${top(curve.y[at]).toFixed(1)}`
    )
    .join('');
  const score =
    curve.score === null
      ? ''
      : isRoc
        ? trans.__('Area below the curve: %1', formatNumber(curve.score))
        : trans.__('Average precision: %1', formatNumber(curve.score));
  const [from, to] = isRoc
    ? [0, 1]
    : [curve.chance ?? NaN, curve.chance ?? NaN];
  return (
    <>
      <svg
        className="jp-StudioCurve"
        role="img"
        aria-label={[curve.title, score].filter(Boolean).join('. ')}
        viewBox={`0 0 ${LEFT + SIZE + 12} ${SIZE + 8 + BOTTOM}`}
        width={LEFT + SIZE + 12}
        height={SIZE + 8 + BOTTOM}
      >
        {MARKS.map(mark => (
          <g key={mark} className="jp-StudioCurve-mark">
            <path d={`M${left(0)} ${top(mark)}H${left(1)}`} />
            <path d={`M${left(mark)} ${top(0)}V${top(1)}`} />
            <text x={left(mark)} y={top(0) + 16} textAnchor="middle">
              {mark}
            </text>
            <text x={left(0) - 6} y={top(mark) + 4} textAnchor="end">
              {mark}
            </text>
          </g>
        ))}
        {Number.isFinite(from) && (
          <path
            className="jp-StudioCurve-chance"
            d={`M${left(0)} ${top(from)}L${left(1)} ${top(to)}`}
          />
        )}
        <path className="jp-StudioCurve-line" d={path} />
        <text x={left(0.5)} y={top(0) + 34} textAnchor="middle">
          {isRoc ? trans.__('False positive rate') : trans.__('Recall')}
        </text>
        <text
          transform={`translate(10 ${top(0.5)}) rotate(-90)`}
          textAnchor="middle"
        >
          {isRoc ? trans.__('True positive rate') : trans.__('Precision')}
        </text>
      </svg>
      <p className="jp-StudioGraph-remark">{score}</p>
    </>
  );
}
