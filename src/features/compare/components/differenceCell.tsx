import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo } from 'react';
import type { ComparedRow } from '../../../contract';
import { asNumber, trialWord } from '../../../models/trialWords';
import {
  baseName,
  formatAgo,
  formatDuration,
  formatNumber,
  formatParameter,
  formatTime
} from '../../../shared/format';
import { bestOf, deltaOf, shownValue } from '../deltas';
import type { Shown } from '../deltas';
import { classes } from './differenceTable';
import type { IColumn } from './differenceTable';

const MAX_TEXT = 200;
const MAX_TITLE = 2_000;

export interface IDifferenceCellProps {
  row: ComparedRow;
  column: IColumn;
  columns: readonly IColumn[];
  shown: Shown;
  style: React.CSSProperties;
  trans: TranslationBundle;
}

/** A value, whether it is the best, and how it differs from the baseline's. */
export function DifferenceCell(props: IDifferenceCellProps): JSX.Element {
  const { row, column, columns, shown, style, trans } = props;
  const value = shownValue(row, column.at, shown);
  const best = useMemo(
    () =>
      bestOf(
        row,
        columns.map(({ at }) => at),
        shown
      ),
    [row, columns, shown]
  );
  const baseline = columns[0]?.trial.isBaseline ? columns[0] : null;
  const against =
    baseline && baseline !== column
      ? shownValue(row, baseline.at, shown)
      : null;
  const isOther =
    baseline !== null &&
    baseline !== column &&
    String(value) !== String(shownValue(row, baseline.at, shown));
  const delta = against === null ? null : deltaOf(row, value, against);
  const isBest = best !== null && asNumber(value) === best;
  const { text, title } = textOf(row, value, trans);
  const verdict =
    delta?.verdict === 'better'
      ? trans.__('better than the baseline')
      : delta?.verdict === 'worse'
        ? trans.__('worse than the baseline')
        : '';
  return (
    <div
      role="cell"
      aria-colindex={column.place + 2}
      className={classes(
        'jp-StudioCompareTable-cell',
        row.numeric && 'jp-mod-numeric',
        column.trial.isBaseline && 'jp-mod-baseline',
        value === null && 'jp-mod-none',
        isOther && !row.numeric && 'jp-mod-other'
      )}
      style={style}
      title={[
        title,
        isBest ? trans.__('the best of these trials') : '',
        delta && delta.sign !== 0 ? `${delta.text} ${verdict}`.trim() : ''
      ]
        .filter(Boolean)
        .join('\n')}
    >
      {isBest && (
        <span
          className="jp-StudioCompareTable-best"
          role="img"
          aria-label={trans.__('best')}
        >
          ★
        </span>
      )}
      <span className="jp-StudioCompareTable-value">{text}</span>
      {delta && delta.sign !== 0 && (
        <span
          className={classes(
            'jp-StudioCompareTable-delta',
            delta.verdict && `jp-mod-${delta.verdict}`
          )}
        >
          <span
            className={classes(
              'jp-StudioCompareTable-change',
              !delta.share && 'jp-mod-alone'
            )}
          >
            <span>
              <span aria-hidden="true">{delta.sign > 0 ? '▲' : '▼'}</span>
              {delta.change}
            </span>
          </span>{' '}
          {delta.share && (
            <span className="jp-StudioCompareTable-share">{delta.share}</span>
          )}
          {verdict && <span className="jp-StudioHidden">{verdict}</span>}
        </span>
      )}
    </div>
  );
}

function textOf(
  row: ComparedRow,
  value: ComparedRow['values'][number],
  trans: TranslationBundle
): { text: string; title: string } {
  if (value === null) {
    return { text: '–', title: trans.__('no value') };
  }
  const number = asNumber(value);
  switch (row.key) {
    case 'started':
    case 'ended':
      if (number !== null) {
        return {
          text: formatAgo(number, Date.now() / 1000, trans),
          title: formatTime(number)
        };
      }
      break;
    case 'duration':
      if (number !== null) {
        return { text: formatDuration(number), title: `${number} s` };
      }
      break;
    case 'status':
      return { text: trialWord(String(value), trans), title: '' };
    case 'notebook':
      return { text: baseName(String(value)), title: String(value) };
    case 'commit':
      return { text: String(value).slice(0, 8), title: String(value) };
    case 'dirty':
      return { text: value ? trans.__('yes') : trans.__('no'), title: '' };
  }
  const whole = String(value);
  if (row.numeric && number !== null) {
    return { text: formatNumber(number), title: whole };
  }
  const line = formatParameter(whole.slice(0, MAX_TEXT).replace(/\s+/g, ' '));
  return { text: line, title: whole.slice(0, MAX_TITLE) };
}
