import React, { useMemo, useState } from 'react';
import type { ViewReport } from '../contract';
import { TrialFocus } from '../models/trialFocus';
import { trialWord } from '../models/trialWords';
import { Mark } from '../shared/chartParts';
import { formatTime, formatValue } from '../shared/format';
import { useSignal } from '../shared/useSignal';
import { Markdown } from './markdown';
import { ReportChart } from './reportChart';
import { columnsFor, trialsOf } from './reportData';
import { ReportTable } from './reportTable';
import { trans } from './trans';

/** A view as it was when the report was made. */
export function ReportView({ report }: { report: ViewReport }): JSX.Element {
  const { view, comparison } = report;
  const [focus] = useState(() => new TrialFocus());
  useSignal(focus.changed);
  const trials = useMemo(() => trialsOf(report), [report]);
  const drawn = useMemo(
    () => trials.filter(({ isHidden }) => !isHidden),
    [trials]
  );
  const column = useMemo(
    () => columnsFor(comparison.rows, drawn),
    [comparison, drawn]
  );
  const experiments = new Set(trials.map(({ experiment }) => experiment));
  const notes = [
    ...report.notes,
    ...(comparison.missing.length > 0
      ? [
          trans._n(
            '%1 trial of the view was not there any more.',
            '%1 trials of the view were not there any more.',
            comparison.missing.length
          )
        ]
      : [])
  ];
  return (
    <main className="jp-StudioReport">
      <header>
        <h1>{view.title || trans.__('Trials side by side')}</h1>
        <p className="jp-StudioReport-note">
          {trans.__(
            'Made on %1 of %2, with Studio %3.',
            formatTime(report.made),
            trans._n(
              '%1 trial of %2',
              '%1 trials of %2',
              trials.length,
              [...experiments].join(', ')
            ),
            report.version
          )}
        </p>
        {notes.map(note => (
          <p key={note} className="jp-StudioReport-warning">
            {note}
          </p>
        ))}
        {view.notes && (
          <Markdown className="jp-StudioReport-text" text={view.notes} />
        )}
        <ul className="jp-StudioReport-trials">
          {trials.map(({ id, label, colour, status, ...trial }) => (
            <li key={id}>
              <button
                type="button"
                aria-pressed={focus.selected.has(id)}
                title={`${label}\n${id}\n${trial.experiment}`}
                onClick={() => focus.toggle(id)}
                onMouseEnter={() => focus.hover(id)}
                onMouseLeave={() => focus.hover(null)}
              >
                <Mark colour={colour} />
                {formatValue(label, 40)}
                {experiments.size > 1 && (
                  <span className="jp-StudioReport-note">
                    {formatValue(trial.experiment, 24)}
                  </span>
                )}
                {status !== 'FINISHED' && (
                  <span className="jp-StudioReport-note">
                    {trialWord(status, trans)}
                  </span>
                )}
                {trial.isBaseline && (
                  <span className="jp-StudioReport-baseline">
                    {trans.__('baseline')}
                  </span>
                )}
                {trial.isHidden && (
                  <span className="jp-StudioReport-note">
                    {trans.__('not drawn')}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      </header>
      {(view.charts ?? []).length > 0 && (
        <section
          className="jp-StudioReport-charts"
          aria-label={trans.__('Charts')}
        >
          {(view.charts ?? []).map(chart => (
            <div
              key={chart.id}
              className={`jp-StudioReport-chart${chart.wide ? ' jp-mod-wide' : ''}`}
            >
              <ReportChart
                chart={chart}
                report={report}
                trials={drawn}
                column={column}
                focus={focus}
              />
            </div>
          ))}
        </section>
      )}
      <ReportTable report={report} trials={trials} selected={focus.selected} />
    </main>
  );
}
