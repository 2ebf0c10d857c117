import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon } from '@jupyterlab/ui-components';
import React, { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { CompareModel } from '../../../models/compareModel';
import { SeriesModel } from '../../../models/seriesModel';
import { newChartId } from '../../../models/views';
import type { ViewChart } from '../../../models/views';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { beginWait, endWait } from '../../../shared/idle';
import { useSignal } from '../../../shared/useSignal';
import { needOf } from './chartBody';
import { ChartCard, FIRST } from './chartCard';
import type { IChartActions } from './chartCard';
import { ChartForm } from './chartForm';
import { classes } from './differenceTable';

/** Most charts of one view. */
const MAX_CHARTS = 100;

export interface IChartGridProps {
  model: CompareModel;
  trans: TranslationBundle;
}

/** The charts of a view, which can be added, changed, moved and removed. */
export function ChartGrid(props: IChartGridProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  /** Where charts are going to be. */
  const places = useRef<HTMLDivElement>(null);
  const series = useSeries(model, places);
  /** Id of the chart that is changed; empty: a new one. */
  const [edited, edit] = useState<string | null>(null);
  const [said, say] = useState('');
  const actions = useMemo(
    () => makeActions(model, edit, say, trans),
    [model, trans]
  );
  const { charts } = model;
  const chosen = charts.find(({ id }) => id === edited);
  if (!series || !model.comparison) {
    return !model.comparison &&
      (model.error || (model.view.sources ?? []).length === 0) ? (
      <></>
    ) : (
      <div
        ref={places}
        className="jp-StudioCharts"
        role="status"
        aria-label={trans.__('Loading trials')}
      >
        {placeholders(model).map((chart, place) => (
          <div
            key={place}
            className={classes('jp-StudioCard', chart?.wide && 'jp-mod-wide')}
          >
            <Skeleton rows={6} />
          </div>
        ))}
      </div>
    );
  }
  return (
    <div className="jp-StudioCharts">
      {edited !== null && (
        <ChartForm
          key={edited}
          chart={chosen ?? null}
          id={newChartId(charts)}
          model={model}
          onSave={chart => {
            if (model.updateCharts(before => put(before, chart))) {
              edit(null);
            }
          }}
          onClose={() => edit(null)}
          trans={trans}
        />
      )}
      {charts.length === 0 && edited === null && !model.isChoosing && (
        <EmptyState
          message={
            model.view.charts
              ? trans.__('No charts.')
              : trans.__(
                  'No metric of these trials has a history, and nothing tells them apart that could be drawn.'
                )
          }
        />
      )}
      {charts.map((chart, place) => (
        <ChartCard
          key={chart.id}
          chart={chart}
          place={place}
          count={charts.length}
          model={model}
          series={series}
          actions={actions}
          trans={trans}
        />
      ))}
      <div className="jp-StudioCharts-tools">
        <button
          type="button"
          className="jp-StudioButton"
          disabled={model.isReadOnly || charts.length >= MAX_CHARTS}
          onClick={() => edit('')}
        >
          <addIcon.react tag="span" className="jp-StudioButton-icon" />
          {trans.__('Add chart')}
        </button>
        {model.view.charts && (
          <button
            type="button"
            className="jp-StudioLink"
            disabled={model.isReadOnly}
            title={trans.__('Show the charts that suit the trials instead')}
            onClick={() => model.update({ charts: null })}
          >
            {trans.__('Usual charts')}
          </button>
        )}
      </div>
      <div className="jp-StudioHidden" role="status">
        {said}
      </div>
    </div>
  );
}

/** Histories of the trials that are drawn, for as long as the charts are there; asked for as soon as it is known what those show. */
function useSeries(
  model: CompareModel,
  places: React.RefObject<HTMLElement>
): SeriesModel | null {
  const [series, setSeries] = useState<SeriesModel | null>(null);
  // Before it is painted: the answer may come before that.
  useLayoutEffect(() => {
    const made = new SeriesModel({ client: model.client.trials });
    const end = () => endWait(made);
    let isPrepared = false;
    const follow = () => {
      made.setTrials(model.drawn.map(({ id }) => id));
      if (!isPrepared && model.comparison && !model.isChoosing) {
        isPrepared = true;
        const widthAt = (place: number) =>
          places.current?.children[place]?.firstElementChild?.clientWidth ?? 0;
        const first = model.charts
          .slice(0, FIRST)
          .flatMap((chart, place) =>
            chart.type === 'line'
              ? [{ need: needOf(chart), width: widthAt(place) }]
              : []
          );
        // What is needed less than charts comes after them, also while they are asked for.
        beginWait(made);
        void made.prepare(first).then(end, end);
      }
    };
    follow();
    model.changed.connect(follow);
    setSeries(made);
    return () => {
      model.changed.disconnect(follow);
      end();
      made.dispose();
    };
  }, [model, places]);
  const isKnown = model.comparison !== null;
  // The charts have opened what was prepared for them by now.
  useLayoutEffect(() => {
    if (isKnown) {
      void series?.prepare([]);
    }
  }, [series, isKnown]);
  return series;
}

function makeActions(
  model: CompareModel,
  edit: (id: string) => void,
  say: (text: string) => void,
  trans: TranslationBundle
): IChartActions {
  const place = (id: string) => model.charts.findIndex(each => each.id === id);
  const moveTo = (id: string, to: number) => {
    const isTaken = model.updateCharts(before => {
      const chart = before.find(each => each.id === id);
      const rest = before.filter(each => each.id !== id);
      return chart
        ? [...rest.slice(0, to), chart, ...rest.slice(to)]
        : [...before];
    });
    if (isTaken) {
      say(trans.__('Chart %1 of %2', place(id) + 1, model.charts.length));
    }
  };
  return {
    edit,
    remove: id =>
      model.updateCharts(before => before.filter(each => each.id !== id)),
    move: (id, by) => moveTo(id, Math.max(0, place(id) + by)),
    drop: (id, at) => {
      if (id !== at && place(id) >= 0) {
        moveTo(id, place(at));
      }
    },
    widen: (id, wide) =>
      model.updateCharts(before =>
        before.map(each => (each.id === id ? { ...each, wide } : each))
      ),
    change: (id, change) =>
      model.updateCharts(before =>
        before.map(each =>
          each.id === id ? ({ ...each, ...change } as ViewChart) : each
        )
      )
  };
}

/** The first charts of the view; where those are chosen that suit, as many. */
function placeholders(model: CompareModel): (ViewChart | undefined)[] {
  const charts = model.charts.slice(0, FIRST);
  return charts.length > 0 ? charts : Array.from({ length: FIRST });
}

/** In the place of the one with its id, else at the end. */
function put(charts: readonly ViewChart[], chart: ViewChart): ViewChart[] {
  return charts.some(({ id }) => id === chart.id)
    ? charts.map(each => (each.id === chart.id ? chart : each))
    : [...charts, chart];
}
