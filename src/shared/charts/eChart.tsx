import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useEffect, useMemo, useRef, useState } from 'react';
import { tableCell } from '../chartData';
import {
  AtCursor,
  ChartButtons,
  copyWords,
  Cursor,
  Mark,
  useSaid
} from '../chartParts';
import { copyPicture } from '../chartPicture';
import { EmptyState } from '../emptyState';
import { tableIcon } from '../icons';
import { LateIcon } from '../lateIcon';
import { lookOf } from './drawing';
import type { Brushed, IDrawing } from './drawing';
import { EChartPlot } from './eChartPlot';
import { toCanvas } from './svgPicture';
import type { IChartTrial, ITrialFocus } from './types';

/** What all charts of trials take. */
export interface IChartBaseProps {
  /** Above the chart. */
  title: string;
  /** Those that are drawn; columns have a value for each, in this order. */
  trials: readonly IChartTrial[];
  focus: ITrialFocus;
  trans: TranslationBundle;
  /** Pixels; the width is that of the place. */
  height?: number;
  /** Buttons of the owner, at the end of the title line. */
  children?: React.ReactNode;
}

export interface IEChartProps extends IChartBaseProps {
  /** Worked out once for the same values. */
  drawing: IDrawing;
  /** Whether one trial fades the others when it is pointed at. */
  fadesOthers?: boolean;
  /**
   * Parts of parallel axes that are brushed now; `isMoved`: they stand as they were, and something else is drawn.
   */
  onBrush?: (brushed: Brushed, isMoved: boolean) => void;
  /** What lies over the drawing. */
  over?: React.ReactNode;
}

/**
 * A chart of trials with its title, legend and buttons. A click selects what is
 * under the pointer, with Ctrl, Cmd or Shift besides what is selected; arrow
 * keys and Enter do the same.
 */
export const EChart = memo(function EChart(props: IEChartProps): JSX.Element {
  const { title, trials, focus, trans, drawing, fadesOthers = false } = props;
  const [isTable, setTable] = useState(false);
  const [said, setSaid] = useSaid();
  /** The mark that the keyboard is at. */
  const [cursor] = useState(() => new Cursor<number>());
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<EChartPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const ids = useMemo(() => trials.map(({ id }) => id), [trials]);
  const isShown = !isTable && !drawing.empty;

  useEffect(() => {
    const node = root.current;
    if (!node || !isShown) {
      return;
    }
    const look = () => {
      const { trials, focus, fadesOthers } = latest.current;
      return lookOf(
        focus,
        trials.map(({ id }) => id),
        fadesOthers
      );
    };
    const made = new EChartPlot(node, latest.current.drawing, look(), {
      onHover: mark => {
        const found = latest.current.drawing.marks[mark ?? -1];
        focus.hover(found?.ids.length === 1 ? found.ids[0] : null);
      },
      onClick: (mark, isAdding) => {
        choose(focus, latest.current.drawing.marks[mark].ids, isAdding);
      },
      onBrush: (brushed, isMoved) => latest.current.onBrush?.(brushed, isMoved)
    });
    plot.current = made;
    let wasSelected = focus.selected.size > 0;
    const onFocus = () => {
      const isSelected = focus.selected.size > 0;
      if (wasSelected && !isSelected) {
        made.clearBrush();
      }
      wasSelected = isSelected;
      made.setLook(look());
    };
    focus.changed.connect(onFocus);
    return () => {
      focus.changed.disconnect(onFocus);
      plot.current = null;
      made.dispose();
    };
  }, [focus, isShown]);
  useEffect(() => {
    cursor.move(null);
    plot.current?.setDrawing(drawing, lookOf(focus, ids, fadesOthers));
  }, [cursor, drawing, focus, ids, fadesOthers]);

  const point = (mark: number | null) => {
    cursor.move(mark);
    const found = mark === null ? undefined : drawing.marks[mark];
    plot.current?.point(mark);
    focus.hover(found?.ids.length === 1 ? found.ids[0] : null);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const last = drawing.marks.length - 1;
    if (event.target !== event.currentTarget || last < 0) {
      return;
    }
    const here = cursor.at;
    const to: Record<string, number | null> = {
      ArrowLeft: here === null ? last : Math.max(0, here - 1),
      ArrowRight: here === null ? 0 : Math.min(last, here + 1),
      Home: 0,
      End: last
    };
    if (event.key in to) {
      point(to[event.key]);
    } else if ((event.key === 'Enter' || event.key === ' ') && here !== null) {
      const isAdding = event.ctrlKey || event.metaKey || event.shiftKey;
      choose(focus, drawing.marks[here].ids, isAdding);
    } else if (event.key === 'Escape') {
      point(null);
      plot.current?.clearBrush();
      focus.select([]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const copyData = () => {
    Clipboard.copyToSystem(toText(drawing.table));
    setSaid(trans.__('Copied the data'));
  };
  const copyImage = async () => {
    const svg = plot.current?.svg;
    if (svg) {
      const legend = (drawing.legend ?? []).map(({ colour, label }) => ({
        colour,
        text: label
      }));
      const done = await toCanvas(svg)
        .then(canvas => copyPicture(canvas, title, legend, svg))
        .catch(() => 'failed' as const);
      setSaid(copyWords(trans)[done]);
    }
  };
  const wordsOf = (mark: number | null) => {
    const found = mark === null ? undefined : drawing.marks[mark];
    return found ? [found.title, ...found.lines].join(', ') : '';
  };
  const height = props.height ?? 220;
  return (
    <figure className="jp-StudioChart">
      <figcaption className="jp-StudioChart-head">
        <span className="jp-StudioChart-title" title={title}>
          {title}
        </span>
        <AtCursor
          className="jp-StudioChart-where"
          cursor={cursor}
          text={at => said || wordsOf(at)}
          isSpoken
        />
        {!drawing.empty && (
          <ChartButtons
            title={title}
            trans={trans}
            onPicture={isTable ? undefined : () => void copyImage()}
            onData={copyData}
          >
            <button
              type="button"
              className="jp-StudioIconButton"
              aria-pressed={isTable}
              title={trans.__('Show as a table')}
              aria-label={trans.__('Show %1 as a table', title)}
              onClick={() => setTable(!isTable)}
            >
              <LateIcon icon={tableIcon} />
            </button>
          </ChartButtons>
        )}
        {props.children}
      </figcaption>
      {!drawing.empty && <Legend drawing={drawing} />}
      {drawing.empty ? (
        <div key="none" style={{ height }} className="jp-StudioChart-none">
          <EmptyState message={drawing.empty} />
        </div>
      ) : isTable ? (
        <div
          key="table"
          style={{ height }}
          className="jp-StudioChart-twin"
          tabIndex={0}
        >
          <Table {...drawing.table} title={title} />
        </div>
      ) : (
        <div key="plot" className="jp-StudioChart-stage">
          <div
            ref={root} // of its own: the chart library empties it when it ends
            className="jp-StudioChart-plot jp-mod-points"
            style={{ height }}
            tabIndex={0}
            role="group"
            aria-roledescription={trans.__('chart')}
            aria-label={`${title}: ${drawing.summary}`}
            onKeyDown={onKeyDown}
            onBlur={() => cursor.at !== null && point(null)}
          />
          {props.over}
        </div>
      )}
      {drawing.notes.length > 0 && (
        <p className="jp-StudioChart-note" title={drawing.notes.join('\n')}>
          {drawing.notes.join(' · ')}
        </p>
      )}
    </figure>
  );
});

function Legend({ drawing }: { drawing: IDrawing }): JSX.Element | null {
  const { legend, ramp } = drawing;
  if (ramp) {
    return (
      <p className="jp-StudioChart-ramp">
        <span className="jp-StudioChart-label" title={ramp.label}>
          {ramp.label}
        </span>
        <span>{ramp.low}</span>
        <span className="jp-StudioChart-rampBar" aria-hidden="true" />
        <span>{ramp.high}</span>
      </p>
    );
  }
  return legend?.length ? (
    <ul className="jp-StudioChart-legend">
      {legend.map(({ colour, label }, index) => (
        <li key={index} title={label}>
          <Mark colour={colour} />
          <span className="jp-StudioChart-label">{label}</span>
        </li>
      ))}
    </ul>
  ) : null;
}

/** The values of a chart in words. */
function Table(props: IDrawing['table'] & { title: string }): JSX.Element {
  return (
    <table>
      <caption className="jp-StudioChart-spoken">{props.title}</caption>
      <thead>
        <tr>
          {props.head.map((each, index) => (
            <th key={index} scope="col">
              {each}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row, index) => (
          <tr key={index}>
            {row.map((each, column) => (
              <td key={column}>{each}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Select trials; those that are selected alone already are not any more. */
function choose(
  focus: ITrialFocus,
  ids: readonly string[],
  isAdding: boolean
): void {
  const { selected } = focus;
  if (ids.length === 0) {
    return;
  }
  const areAll = ids.every(id => selected.has(id));
  if (isAdding) {
    const rest = [...selected].filter(id => !ids.includes(id));
    focus.select(areAll ? rest : [...rest, ...ids]);
  } else {
    focus.select(areAll && selected.size === ids.length ? [] : ids);
  }
}

/** Rows with tabs between the cells, as spreadsheets take them. */
function toText({ head, rows }: IDrawing['table']): string {
  const cell = (value: string | number) =>
    typeof value === 'number' ? String(value) : tableCell(value);
  return [head, ...rows].map(row => row.map(cell).join('\t') + '\n').join('');
}
