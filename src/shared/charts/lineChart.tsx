import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useEffect, useMemo, useRef, useState } from 'react';
import {
  AtCursor,
  ChartButtons,
  copyWords,
  Cursor,
  Mark,
  useSaid
} from '../chartParts';
import { copyPicture } from '../chartPicture';
import { EmptyState, Skeleton } from '../emptyState';
import { useSignal } from '../useSignal';
import { toDrawing } from './lineData';
import type { IDrawnLine, ILineGroup, ILineOptions, ISeries } from './lineData';
import { moved } from './lineKeys';
import { LinePlot } from './linePlot';
import type { ILineCursor, ILinePlotEvents } from './linePlot';
import { LinePointer } from './linePointer';
import { remarks, summaryOf, tableOf, valueOf, whereOf } from './lineWords';
import type { IChartTrial, ITrialFocus } from './types';

/** Lines up to which each has its place in the legend; of more, the next ones are told at the pointer. */
const MOST_IN_LEGEND = 12;

export interface ILineChartProps {
  title: string;
  /** Histories of the metrics that `options` names (and of `x_metric`), of any trials. */
  series: readonly ISeries[];
  options: ILineOptions;
  /** Which trials are drawn, and how. */
  trials: readonly IChartTrial[];
  focus: ITrialFocus;
  /** Instead of the single trials: groups of them. */
  groups?: readonly ILineGroup[];
  trans: TranslationBundle;
  /** Pixels; the width is that of the place. */
  height?: number;
  /** Charts with the same key, and the same x axis, share their crosshair and what they show of it. */
  sync?: string;
  /** While the first values are on their way. */
  isLoading?: boolean;
  /** While there are trials whose values are on their way. */
  isPartial?: boolean;
  /** What else is to be said, below the title. */
  note?: string;
  /** Which part of the x axis is shown; null: all of it. What `series` has in between is drawn. */
  onZoom?: (low: number | null, high: number | null) => void;
  /** A line was clicked; by default its trials are selected (with Ctrl, Cmd or Shift: as well). */
  onSelect?: (runIds: readonly string[], isAdded: boolean) => void;
  /** Somebody chose another scale of the y axis. */
  onLog?: (isLog: boolean) => void;
  /** Buttons of the owner, at the end of the title line. */
  children?: React.ReactNode;
}

/**
 * Histories of metrics, a line for each trial. React draws it for other
 * properties only: where the pointer is, and what stands out, is drawn beside it.
 */
export const LineChart = memo(function LineChart(
  props: ILineChartProps
): JSX.Element {
  const { title, series, options, trials, groups, focus, trans } = props;
  const { height = 220 } = props;
  const axis = options.x ?? 'step';
  const isLogX = options.log_x ?? false;
  const [isLogY, setLogY] = useState(options.log_y ?? false);
  useEffect(() => setLogY(options.log_y ?? false), [options.log_y]);
  const [said, setSaid] = useSaid();
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | null>(null);
  const [cursor] = useState(() => new Cursor<ILineCursor>());
  const settings = JSON.stringify(options);
  const drawing = useMemo(
    () => toDrawing(series, { ...options, log_y: isLogY }, trials, groups),
    // Owners make options anew; what they say is what counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [series, settings, isLogY, trials, groups]
  );
  const { lines } = drawing;
  const isEmpty = lines.length === 0;
  // A legend that goes when more lines come would move all that is below.
  const most =
    props.isPartial && !groups
      ? Math.max(lines.length, trials.length)
      : lines.length;
  const hasLegend = most <= MOST_IN_LEGEND;
  const canLog = useMemo(
    () => isLogY || lines.some(({ y }) => hasPositive(y)),
    [lines, isLogY]
  );

  const choose = (runIds: readonly string[], isAdded: boolean) => {
    if (props.onSelect) {
      props.onSelect(runIds, isAdded);
    } else if (isAdded) {
      runIds.forEach(each => focus.toggle(each));
    } else {
      focus.select(runIds);
    }
  };
  const events: ILinePlotEvents = {
    onCursor: at => {
      cursor.move(at);
      const under = at ? lines[at.near[0]] : undefined;
      const next = under ? under.runIds[0] : null;
      if (next !== hovered.current) {
        hovered.current = next;
        focus.hover(next);
      }
    },
    onZoom: (low, high) => props.onZoom?.(low, high),
    onClick: (line, event) => {
      const isAdded = event.ctrlKey || event.metaKey || event.shiftKey;
      if (line >= 0) {
        choose(lines[line]?.runIds ?? [], isAdded);
      } else if (!isAdded) {
        choose([], false);
      }
    }
  };
  const latest = useRef(events);
  latest.current = events;
  /** What this chart said last to be under the pointer. */
  const hovered = useRef<string | null>(null);

  // What is drawn with stays the same while values come: only the lines change.
  const over = axis === 'metric' ? (options.x_metric ?? '') : '';
  const sync = props.sync && `${props.sync} ${axis} ${isLogX} ${over}`;
  useEffect(() => {
    const node = root.current;
    if (!node) {
      return;
    }
    const made = new LinePlot(
      node,
      { axis, isLogX, isLogY, sync },
      {
        onCursor: at => latest.current.onCursor(at),
        onZoom: (low, high) => latest.current.onZoom(low, high),
        onClick: (line, event) => latest.current.onClick(line, event)
      },
      lines,
      focus
    );
    plot.current = made;
    const onFocus = () => made.setEmphasis(focus);
    focus.changed.connect(onFocus);
    return () => {
      focus.changed.disconnect(onFocus);
      if (made.isZoomed) {
        latest.current.onZoom(null, null);
      }
      plot.current = null;
      made.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [axis, isLogX, isLogY, sync, focus, isEmpty]);
  useEffect(() => {
    plot.current?.setLines(lines);
    if (cursor.at?.near.some(each => each >= lines.length)) {
      cursor.move(null);
    }
  }, [lines, cursor]);

  const description = useMemo(
    () => `${title}: ${summaryOf(lines, trans)}`,
    [title, lines, trans]
  );
  const notes = remarks(
    drawing,
    { ...options, log_y: isLogY },
    trans,
    props.isPartial
  );
  if (groups && !isEmpty) {
    notes.push(trans.__('means, in bands from the smallest to the largest'));
  }
  const value = (line: IDrawnLine, at: ILineCursor | null) =>
    valueOf(line, at?.place ?? null);
  const where = (at: ILineCursor | null) =>
    at ? whereOf(at.place, axis, options.x_metric, trans) : '';
  const spoken = (at: ILineCursor | null): string => {
    if (!at || document.activeElement !== root.current) {
      return '';
    }
    // The cursor may still be at a line that is gone.
    const near = at.near.slice(0, 1).flatMap(each => lines[each] ?? []);
    const told = near.length > 0 ? near : lines.slice(0, 3);
    const values = told.map(line => `${line.label} ${value(line, at)}`);
    return `${where(at)}: ${values.join(', ')}`;
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget || isEmpty) {
      return;
    }
    const next = moved(event, lines, cursor.at, plot.current);
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    if (next === 'select') {
      const line = lines[cursor.at?.near[0] ?? 0];
      if (!line) {
        return;
      }
      choose(line.runIds, event.ctrlKey || event.metaKey || event.shiftKey);
      return;
    }
    if (next !== 'zoom') {
      const line = next ? lines[next.near[0]] : undefined;
      plot.current?.point(next?.place ?? null);
      latest.current.onCursor(next);
      if (!line) {
        cursor.move(null);
      }
    }
  };
  const canCopy = !props.isPartial && lines.length > 0;
  const copyData = () => {
    Clipboard.copyToSystem(tableOf(lines, axis, options.x_metric));
    setSaid(trans.__('Copied the data'));
  };
  const copyImage = async () => {
    const canvas = plot.current?.canvas;
    if (canvas && root.current) {
      const legend = lines.slice(0, MOST_IN_LEGEND).map(line => ({
        colour: line.colour,
        text: `${line.label}  ${value(line, null)}`
      }));
      const found = await copyPicture(canvas, title, legend, root.current);
      setSaid(copyWords(trans)[found]);
    }
  };
  return (
    <figure className="jp-StudioChart jp-StudioLineChart">
      <figcaption className="jp-StudioChart-head">
        <span className="jp-StudioChart-title" title={title}>
          {title}
        </span>
        <AtCursor
          className="jp-StudioChart-where"
          cursor={cursor}
          text={at => said || where(at)}
        />
        <ChartButtons
          title={title}
          trans={trans}
          isLog={isLogY}
          canLog={canLog}
          onLog={() => {
            setLogY(!isLogY);
            props.onLog?.(!isLogY);
          }}
          // A copy does not say that it is not all.
          onPicture={canCopy ? () => void copyImage() : undefined}
          onData={canCopy ? copyData : undefined}
        >
          {props.children}
        </ChartButtons>
      </figcaption>
      {!isEmpty && hasLegend && (
        <ul className="jp-StudioChart-legend">
          {lines.map(line => (
            <LegendEntry
              key={`${line.label} ${line.metric}`}
              line={line}
              cursor={cursor}
              text={at => value(line, at)}
              focus={focus}
              onSelect={choose}
            />
          ))}
        </ul>
      )}
      {(notes.length > 0 || props.note) && (
        <p className="jp-StudioChart-note">
          {[props.note, notes.join('; ')].filter(Boolean).join('. ')}
        </p>
      )}
      {isEmpty ? (
        <div className="jp-StudioLineChart-empty" style={{ height }}>
          {props.isLoading ? (
            <Skeleton rows={4} label={trans.__('Loading %1', title)} />
          ) : (
            <EmptyState
              message={
                series.length > 0
                  ? trans.__('There is nothing that this chart can show.')
                  : trans.__('None of the trials has logged %1.', title)
              }
            />
          )}
        </div>
      ) : (
        <div
          ref={root}
          className="jp-StudioChart-plot"
          style={{ height }}
          tabIndex={0}
          role="group"
          aria-roledescription={trans.__('chart')}
          aria-label={description}
          onKeyDown={onKeyDown}
          onBlur={() => {
            plot.current?.point(null);
            latest.current.onCursor(null);
          }}
        >
          {!hasLegend && (
            <LinePointer
              cursor={cursor}
              lines={lines}
              where={where}
              value={value}
            />
          )}
        </div>
      )}
      <AtCursor
        className="jp-StudioChart-spoken"
        cursor={cursor}
        text={spoken}
        isSpoken
      />
    </figure>
  );
});

/** A line in the legend: its value at the crosshair, and a way to select it. */
function LegendEntry(props: {
  line: IDrawnLine;
  cursor: Cursor<ILineCursor>;
  text: (at: ILineCursor | null) => string;
  focus: ITrialFocus;
  onSelect: (runIds: readonly string[], isAdded: boolean) => void;
}): JSX.Element {
  const { line, cursor, text, focus, onSelect } = props;
  useSignal(focus.changed);
  const isSelected = line.runIds.every(each => focus.selected.has(each));
  return (
    <li title={line.label}>
      <button
        type="button"
        className="jp-StudioLineChart-entry"
        aria-pressed={isSelected}
        onClick={event =>
          onSelect(
            line.runIds,
            event.ctrlKey || event.metaKey || event.shiftKey
          )
        }
        onMouseEnter={() => focus.hover(line.runIds[0])}
        onMouseLeave={() => focus.hover(null)}
      >
        <Mark colour={line.colour} dash={line.dash} />
        <span className="jp-StudioChart-label">{line.label}</span>
      </button>
      <AtCursor className="jp-StudioChart-value" cursor={cursor} text={text} />
    </li>
  );
}

function hasPositive(values: ArrayLike<number>): boolean {
  for (let at = 0; at < values.length; at++) {
    if (values[at] > 0) {
      return true;
    }
  }
  return false;
}
