import React, { useMemo, useState } from 'react';
import type { ComparedRow, ViewReport } from '../contract';
import { bestOf, deltaOf } from '../features/compare/deltas';
import { asNumber, columnLabel, trialWord } from '../models/trialWords';
import {
  formatDuration,
  formatNumber,
  formatTime,
  formatValue
} from '../shared/format';
import { Mark } from '../shared/chartParts';
import type { IReportTrial } from './reportData';
import { trans } from './trans';

/** Most rows that are shown at first. */
const FIRST_ROWS = 60;
const MAX_TEXT = 120;

export interface IReportTableProps {
  report: ViewReport;
  trials: readonly IReportTrial[];
  selected: ReadonlySet<string>;
}

/** What the trials have in common and what differs, held against the baseline. */
export function ReportTable(props: IReportTableProps): JSX.Element {
  const { report, selected } = props;
  const { rows, differing_rows, left_out } = report.comparison;
  const [isShort, setShort] = useState(report.view.only_differences ?? true);
  const [isAll, setAll] = useState(false);
  const trials = useMemo(
    () =>
      [...props.trials].sort(
        (a, b) => Number(b.isBaseline) - Number(a.isBaseline)
      ),
    [props.trials]
  );
  const matching = rows.filter(row => !isShort || row.differs);
  const shown = isAll ? matching : matching.slice(0, FIRST_ROWS);
  const rest = matching.length - shown.length;
  const total = report.comparison.total_rows;
  return (
    <section aria-label={trans.__('Differences')}>
      <h2>{trans.__('Differences')}</h2>
      <label className="jp-StudioReport-choice">
        <input
          type="checkbox"
          checked={isShort}
          onChange={() => setShort(!isShort)}
        />
        {trans.__('Only what differs')}
      </label>
      <p className="jp-StudioReport-note">
        {trans.__('%1 of %2 rows differ.', differing_rows, total)}
        {total > rows.length &&
          ` ${trans.__('Those that are in this file: %1.', rows.length)}`}
        {left_out > 0 &&
          ` ${trans._n(
            '%1 trial more is left out.',
            '%1 trials more are left out.',
            left_out
          )}`}
      </p>
      <div className="jp-StudioReport-scroll" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              {trials.map(trial => (
                <th
                  key={trial.id}
                  scope="col"
                  className={selected.has(trial.id) ? 'jp-mod-selected' : ''}
                  title={`${trial.label}\n${trial.id}`}
                >
                  <Mark colour={trial.colour} /> {formatValue(trial.label, 32)}
                  {trial.isBaseline && (
                    <span className="jp-StudioReport-baseline">
                      {trans.__('baseline')}
                    </span>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(row => (
              <Row
                key={row.key}
                row={row}
                trials={trials}
                selected={selected}
              />
            ))}
          </tbody>
        </table>
      </div>
      {rest > 0 && (
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() => setAll(true)}
        >
          {trans._n('Show %1 row more', 'Show %1 rows more', rest)}
        </button>
      )}
    </section>
  );
}

function Row(props: {
  row: ComparedRow;
  trials: readonly IReportTrial[];
  selected: ReadonlySet<string>;
}): JSX.Element {
  const { row, trials, selected } = props;
  const best = bestOf(
    row,
    trials.map(({ at }) => at),
    'last'
  );
  const baseline = trials[0]?.isBaseline ? row.values[trials[0].at] : null;
  return (
    <tr>
      <th scope="row" title={row.name}>
        <span className="jp-StudioReport-kind">{kindWord(row.kind)}</span>
        {formatValue(
          row.kind === 'attribute' ? columnLabel(row.key, trans) : row.name,
          60
        )}
      </th>
      {trials.map(({ at, id, isBaseline }) => {
        const value = row.values[at] ?? null;
        const delta =
          baseline === null || isBaseline
            ? null
            : deltaOf(row, value, baseline ?? null);
        const isBest = best !== null && asNumber(value) === best;
        return (
          <td
            key={id}
            className={[
              row.numeric ? 'jp-mod-numeric' : '',
              selected.has(id) ? 'jp-mod-selected' : ''
            ].join(' ')}
            title={value === null ? trans.__('no value') : String(value)}
          >
            {isBest && (
              <span role="img" aria-label={trans.__('best')}>
                ★{' '}
              </span>
            )}
            {textOf(row, value)}
            {delta && delta.sign !== 0 && (
              <div className={`jp-StudioReport-delta jp-mod-${delta.verdict}`}>
                <span aria-hidden="true">{delta.sign > 0 ? '▲ ' : '▼ '}</span>
                {delta.text}
                {delta.verdict && (
                  <span className="jp-StudioChart-spoken">
                    {delta.verdict === 'better'
                      ? trans.__('better than the baseline')
                      : trans.__('worse than the baseline')}
                  </span>
                )}
              </div>
            )}
          </td>
        );
      })}
    </tr>
  );
}

function kindWord(kind: string): string {
  switch (kind) {
    case 'parameter':
      return trans.__('parameter');
    case 'metric':
      return trans.__('metric');
    case 'tag':
      return trans.__('tag');
    default:
      return '';
  }
}

function textOf(
  row: ComparedRow,
  value: ComparedRow['values'][number]
): string {
  const number = asNumber(value);
  if (value === null) {
    return '–';
  }
  if ((row.key === 'started' || row.key === 'ended') && number !== null) {
    return formatTime(number);
  }
  if (row.key === 'duration' && number !== null) {
    return formatDuration(number);
  }
  if (row.key === 'status') {
    return trialWord(String(value), trans);
  }
  return row.numeric && number !== null
    ? formatNumber(number)
    : formatValue(String(value), MAX_TEXT);
}
