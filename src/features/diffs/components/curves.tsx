import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo } from 'react';
import { formatNumber } from '../../../shared/format';
import { readCurve } from '../documents';
import type { ICurve } from '../documents';
import { readEach } from '../readEach';
import type { IText } from '../readEach';
import { Problems } from './problems';

/** Side of the square, and room for marks and names, in units of the drawing. */
const SIDE = 320;
const LEFT = 44;
const BOTTOM = 40;
const TOP = 8;
const MARKS = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** Dashes tell lines apart without colours. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];

/**
 * ROC or precision-recall curves over each other.
 *
 * They are drawn as lines through points, not as functions: they may stand
 * upright, and then have several values at one place.
 */
export function Curves(props: {
  kind: 'roc_curve' | 'precision_recall';
  found: readonly IText[];
  trans: TranslationBundle;
}): JSX.Element {
  const { kind, found, trans } = props;
  const read = useMemo(
    () => readEach(found, text => readCurve(text, kind)),
    [found, kind]
  );
  const isRoc = kind === 'roc_curve';
  const [x, y, area] = isRoc
    ? [
        trans.__('False positive rate'),
        trans.__('True positive rate'),
        trans.__('area')
      ]
    : [
        trans.__('Recall'),
        trans.__('Precision'),
        trans.__('average precision')
      ];
  const areas = read.map(({ name, value }) =>
    value?.area == null ? name : `${name}: ${area} ${formatNumber(value.area)}`
  );
  const [first, second] = read.map(({ value }) => value?.area ?? null);
  const difference = first !== null && second != null ? second - first : null;
  return (
    <div>
      <Problems found={read} trans={trans} />
      <ul className="jp-StudioChart-legend">
        {read.map(
          ({ run, value }, index) =>
            value && (
              <li key={run}>
                <svg width="22" height="8" aria-hidden="true">
                  <line x1="0" x2="22" y1="4" y2="4" {...stroke(index)} />
                </svg>
                <span>{areas[index]}</span>
              </li>
            )
        )}
        {difference !== null && (
          <li>
            {trans.__(
              'second less first: %1',
              `${difference < 0 ? '−' : '+'}${formatNumber(Math.abs(difference))}`
            )}
          </li>
        )}
      </ul>
      <svg
        className="jp-StudioDiff-curves"
        viewBox={`0 0 ${LEFT + SIDE + 8} ${TOP + SIDE + BOTTOM}`}
        role="img"
        aria-label={`${y} / ${x}. ${areas.join('; ')}`}
      >
        {MARKS.map(mark => (
          <g key={mark} className="jp-StudioDiff-axis">
            <line x1={LEFT} x2={LEFT + SIDE} y1={down(mark)} y2={down(mark)} />
            <line x1={right(mark)} x2={right(mark)} y1={TOP} y2={TOP + SIDE} />
            <text x={LEFT - 6} y={down(mark) + 4} textAnchor="end">
              {mark}
            </text>
            <text x={right(mark)} y={TOP + SIDE + 15} textAnchor="middle">
              {mark}
            </text>
          </g>
        ))}
        <text
          className="jp-StudioDiff-axisName"
          x={LEFT + SIDE / 2}
          y={TOP + SIDE + 34}
          textAnchor="middle"
        >
          {x}
        </text>
        <text
          className="jp-StudioDiff-axisName"
          transform={`translate(12 ${TOP + SIDE / 2}) rotate(-90)`}
          textAnchor="middle"
        >
          {y}
        </text>
        {isRoc && (
          <line
            className="jp-StudioDiff-guess"
            x1={right(0)}
            x2={right(1)}
            y1={down(0)}
            y2={down(1)}
          />
        )}
        {read.map(({ run, value }, index) =>
          value ? (
            <g key={run} data-curve={index}>
              {value.noSkill !== null && (
                <line
                  className="jp-StudioDiff-guess"
                  x1={right(0)}
                  x2={right(1)}
                  y1={down(value.noSkill)}
                  y2={down(value.noSkill)}
                />
              )}
              <polyline points={points(value)} fill="none" {...stroke(index)} />
            </g>
          ) : null
        )}
      </svg>
    </div>
  );
}

function stroke(index: number) {
  return {
    style: { stroke: `var(--jp-studio-series-${index})` },
    strokeWidth: 2,
    strokeDasharray: DASHES[index % DASHES.length] || undefined
  };
}

function right(value: number): number {
  return LEFT + value * SIDE;
}

function down(value: number): number {
  return TOP + (1 - value) * SIDE;
}

function points(curve: ICurve): string {
  return curve.x
    .map((value, index) => {
      const [x, y] = [right(value), down(curve.y[index])];
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
