import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useEffect, useMemo, useRef, useState } from 'react';
import { summary, toColumns, toTable, valueAt } from './chartData';
import type { ILine } from './chartData';
import {
  AtCursor,
  ChartButtons,
  copyWords,
  Cursor,
  Mark,
  useSaid
} from './chartParts';
import { copyPicture } from './chartPicture';
import { Plot } from './chartPlot';
import type { XAxis } from './chartPlot';
import { formatClock, formatMark, formatNumber } from './format';

export interface IChartProps {
  title: string;
  lines: readonly ILine[];
  axis: XAxis;
  trans: TranslationBundle;
  /** Pixels; the width is that of the place. */
  height?: number;
  /** How values are written; as numbers by default. */
  format?: (value: number) => string;
  /** Distances that marks of the y axis may have; decimal ones by default. */
  marks?: readonly number[];
  /** A horizontal line, and what it is. */
  limit?: { value: number; label: string };
  /** Whether the y axis begins at zero. */
  fromZero?: boolean;
  /** Without axes and buttons, for an overview. */
  isSmall?: boolean;
  /** Charts with the same key share their crosshair. */
  sync?: string;
  /** What else is to be said, below the title. */
  note?: string;
}

/**
 * Lines over steps or time, with their values at the cursor. Drawn again only
 * for other properties; where the cursor is changes single words.
 */
export const Chart = memo(function Chart(props: IChartProps): JSX.Element {
  const { title, lines, axis, trans, isSmall = false, note } = props;
  const format = props.format ?? formatNumber;
  const [isLog, setLog] = useState(false);
  const [said, setSaid] = useSaid();
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [cursor] = useState(() => new Cursor<number>());
  const canLog = useMemo(
    () => lines.some(({ y }) => y.some(each => each !== null && each > 0)),
    [lines]
  );
  const log = isLog && canLog;
  const columns = useMemo(() => toColumns(lines, log), [lines, log]);
  const limit = props.limit?.value;
  const marks = props.format ?? formatMark;
  const options = { axis, format: marks, isSmall, log, limit, ...sizes(props) };
  const key = JSON.stringify([
    axis,
    isSmall,
    log,
    limit,
    props.fromZero,
    props.sync,
    props.height,
    lines.map(({ label, colour }) => [label, colour])
  ]);

  // What is drawn with stays the same while values come: only the data changes.
  useEffect(() => {
    const node = root.current;
    if (!node) {
      return;
    }
    const made = new Plot(node, lines, columns, options, cursor.move);
    plot.current = made;
    return () => {
      plot.current = null;
      made.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  useEffect(() => plot.current?.setData(columns), [columns]);

  const description = useMemo(
    () => describe(props, format),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [title, lines, trans, props.limit, format]
  );
  const value = (line: number, at = cursor.at): string => {
    const shown =
      at === null ? lastOf(lines[line]) : valueAt(columns, line, at);
    return typeof shown === 'number'
      ? format(shown)
      : shown === null && lines[line].y.length > 0
        ? 'NaN'
        : '–';
  };
  const where = (at: number | null): string => {
    const x = at === null ? undefined : columns[0][at];
    return x === undefined
      ? ''
      : axis === 'step'
        ? trans.__('step %1', x.toLocaleString())
        : formatClock(x);
  };
  const spoken = (at: number | null): string =>
    where(at) && document.activeElement === root.current
      ? `${where(at)}: ${lines.map((_, index) => value(index, at)).join(', ')}`
      : '';
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const { at } = cursor;
    const last = columns[0].length - 1;
    const from = at ?? last;
    const to: Record<string, number | null> = {
      ArrowLeft: Math.max(0, at === null ? last : from - 1),
      ArrowRight: Math.min(last, from + 1),
      Home: 0,
      End: last,
      Escape: null
    };
    if (event.key in to && last >= 0) {
      event.preventDefault();
      plot.current?.point(to[event.key]);
      cursor.move(to[event.key]);
    }
  };
  const copyData = () => {
    Clipboard.copyToSystem(toTable(axis, lines));
    setSaid(trans.__('Copied the data'));
  };
  const copyImage = async () => {
    const canvas = plot.current?.canvas;
    if (canvas && root.current) {
      const legend = lines.map((line, index) => ({
        colour: line.colour,
        text: `${lines.length > 1 ? `${line.label} ` : ''}${value(index)}`
      }));
      const words = copyWords(trans);
      setSaid(words[await copyPicture(canvas, title, legend, root.current)]);
    }
  };
  return (
    <figure className={`jp-StudioChart${isSmall ? ' jp-mod-small' : ''}`}>
      <figcaption className="jp-StudioChart-head">
        <span className="jp-StudioChart-title" title={title}>
          {title}
        </span>
        <AtCursor
          className="jp-StudioChart-where"
          cursor={cursor}
          text={at => said || where(at)}
        />
        {lines.length === 1 && (
          <AtCursor
            className="jp-StudioChart-value"
            cursor={cursor}
            text={at => value(0, at)}
          />
        )}
        {!isSmall && (
          <ChartButtons
            title={title}
            trans={trans}
            isLog={log}
            canLog={canLog}
            onLog={() => setLog(!isLog)}
            onPicture={() => void copyImage()}
            onData={copyData}
          />
        )}
      </figcaption>
      {lines.length > 1 && (
        <ul className="jp-StudioChart-legend">
          {lines.map((line, index) => (
            <li key={line.label} title={line.label}>
              <Mark colour={line.colour} />
              <span className="jp-StudioChart-label">{line.label}</span>
              <AtCursor
                className="jp-StudioChart-value"
                cursor={cursor}
                text={at => value(index, at)}
              />
            </li>
          ))}
        </ul>
      )}
      {note && <p className="jp-StudioChart-note">{note}</p>}
      <div
        ref={root}
        className="jp-StudioChart-plot"
        style={{ height: props.height ?? (isSmall ? 64 : 180) }}
        tabIndex={0}
        role="group"
        aria-roledescription={trans.__('chart')}
        aria-label={description}
        onKeyDown={onKeyDown}
        onBlur={() => {
          plot.current?.point(null);
          cursor.move(null);
        }}
      />
      <AtCursor
        className="jp-StudioChart-spoken"
        cursor={cursor}
        text={spoken}
        isSpoken
      />
    </figure>
  );
});

function sizes(props: IChartProps) {
  return {
    fromZero: props.fromZero ?? false,
    marks: props.marks,
    sync: props.sync
  };
}

function lastOf(line: ILine): number | null {
  return line.y.length > 0 ? line.y[line.y.length - 1] : null;
}

/** The chart in words, for those who do not see it. */
function describe(
  { title, lines, trans, limit }: IChartProps,
  format: (value: number) => string
): string {
  const parts = lines.slice(0, 8).map(line => {
    const found = summary(line);
    const name = lines.length > 1 ? `${line.label}: ` : '';
    return (
      name +
      (found
        ? trans.__(
            'last %1, smallest %2, largest %3',
            found.last === null ? 'NaN' : format(found.last),
            format(found.low),
            format(found.high)
          )
        : trans.__('no values'))
    );
  });
  if (limit) {
    parts.push(`${limit.label} ${format(limit.value)}`);
  }
  return `${title}: ${parts.join('; ')}`;
}
