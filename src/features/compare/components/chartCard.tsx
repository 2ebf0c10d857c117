import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import React, { useCallback, useEffect, useRef, useState } from 'react';
import type { CompareModel } from '../../../models/compareModel';
import type { SeriesModel } from '../../../models/seriesModel';
import type { ViewChart } from '../../../models/views';
import type { IChartChange } from '../../../shared/charts/chartSpec';
import { LateIcon } from '../../../shared/lateIcon';
import { Popup } from '../../../shared/popup';
import { chartTitle } from '../chartWords';
import { ChartBody } from './chartBody';
import { classes } from './differenceTable';

/** How far out of sight a chart is drawn already. */
const MARGIN = '200px';
/** Charts that are in sight anyway where there is room for one. */
export const FIRST = 4;
/** What is dragged, so that nothing else is dropped here. */
export const DRAGGED = 'application/x-studio-chart';

export interface IChartActions {
  edit(id: string): void;
  remove(id: string): void;
  /** Move a chart by so many places. */
  move(id: string, by: number): void;
  /** Put a chart where another one is. */
  drop(id: string, at: string): void;
  widen(id: string, isWide: boolean): void;
  /** Keep what was changed in the chart itself. */
  change(id: string, change: IChartChange): void;
}

export interface IChartCardProps {
  chart: ViewChart;
  /** Where it stands, from 0, among how many. */
  place: number;
  count: number;
  model: CompareModel;
  series: SeriesModel;
  actions: IChartActions;
  trans: TranslationBundle;
}

/** A chart and what can be done with it; drawn when it first comes into sight. */
export function ChartCard(props: IChartCardProps): JSX.Element {
  const { chart, place, count, model, series, actions, trans } = props;
  const node = useRef<HTMLElement>(null);
  const [isSeen, setSeen] = useState(place < FIRST);
  const [isOpen, setOpen] = useState(false);
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const element = node.current;
    if (!element || typeof IntersectionObserver === 'undefined') {
      setSeen(true);
      return;
    }
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          setSeen(true);
          observer.disconnect();
        }
      },
      { rootMargin: MARGIN }
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { id } = chart;
  const onChange = useCallback(
    (change: IChartChange) => actions.change(id, change),
    [actions, id]
  );
  const title = chartTitle(chart, trans);
  const act = (then: () => void) => () => {
    setOpen(false);
    then();
  };
  return (
    <section
      ref={node}
      className={classes(
        'jp-StudioCard',
        chart.wide && 'jp-mod-wide',
        isOver && 'jp-mod-over'
      )}
      aria-label={title}
      data-chart={chart.id}
      data-type={chart.type}
      onDragOver={event => {
        if (event.dataTransfer.types.includes(DRAGGED)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'move';
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        const id = event.dataTransfer.getData(DRAGGED);
        if (id) {
          event.preventDefault();
          actions.drop(id, chart.id);
        }
      }}
    >
      <div
        className="jp-StudioCard-grip"
        draggable={!model.isReadOnly}
        title={trans.__('Drag to move the chart')}
        onDragStart={event => {
          event.dataTransfer.setData(DRAGGED, chart.id);
          event.dataTransfer.effectAllowed = 'move';
          if (node.current) {
            event.dataTransfer.setDragImage(node.current, 8, 8);
          }
        }}
      />
      <div className="jp-StudioCard-menu">
        <button
          type="button"
          className="jp-StudioIconButton"
          aria-expanded={isOpen}
          disabled={model.isReadOnly}
          aria-haspopup="dialog"
          title={trans.__('Edit, move or remove the chart')}
          aria-label={trans.__('Options of %1', title)}
          onClick={() => setOpen(!isOpen)}
        >
          <LateIcon icon={ellipsesIcon} />
        </button>
        {isOpen && (
          <Popup
            label={trans.__('Options of %1', title)}
            className="jp-StudioCard-options"
            onClose={() => setOpen(false)}
          >
            <button type="button" onClick={act(() => actions.edit(chart.id))}>
              {trans.__('Edit…')}
            </button>
            <button
              type="button"
              onClick={act(() => actions.widen(chart.id, !chart.wide))}
            >
              {chart.wide ? trans.__('Normal width') : trans.__('Whole width')}
            </button>
            <button
              type="button"
              disabled={place === 0}
              onClick={act(() => actions.move(chart.id, -1))}
            >
              {trans.__('Move back')}
            </button>
            <button
              type="button"
              disabled={place === count - 1}
              onClick={act(() => actions.move(chart.id, 1))}
            >
              {trans.__('Move forward')}
            </button>
            <button type="button" onClick={act(() => actions.remove(chart.id))}>
              {trans.__('Remove')}
            </button>
          </Popup>
        )}
      </div>
      {isSeen ? (
        <ChartBody
          chart={chart}
          title={title}
          model={model}
          series={series}
          onChange={model.isReadOnly ? undefined : onChange}
          trans={trans}
        />
      ) : (
        <div className="jp-StudioCard-later" />
      )}
    </section>
  );
}
