import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import { summary, toColumns, toTable, valueAt } from './chartData';
import type { ILine } from './chartData';
import { copyPicture } from './chartPicture';
import { Plot } from './chartPlot';
import type { XAxis } from './chartPlot';
import { COLOURS, dash } from './chartTheme';
import { formatClock, formatMark, formatNumber } from './format';
import { pictureIcon } from './icons';

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

/** Lines over steps or time, with their values at the cursor. */
export function Chart(props: IChartProps): JSX.Element {
  const { title, lines, axis, trans, isSmall = false, note } = props;
  const format = props.format ?? formatNumber;
  const [isLog, setLog] = useState(false);
  const [said, setSaid] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const canLog = lines.some(({ y }) =>
    y.some(each => each !== null && each > 0)
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
    const made = new Plot(node, lines, columns, options, setAt);
    plot.current = made;
    return () => {
      plot.current = null;
      made.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  useEffect(() => plot.current?.setData(columns), [columns]);
  useEffect(() => {
    if (said) {
      const timer = window.setTimeout(() => setSaid(''), 2500);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [said]);

  const value = (line: number): string => {
    const shown =
      at === null ? lastOf(lines[line]) : valueAt(columns, line, at);
    return typeof shown === 'number'
      ? format(shown)
      : shown === null && lines[line].y.length > 0
        ? 'NaN'
        : '–';
  };
  const x = at === null ? null : columns[0][at];
  const where =
    x === null || x === undefined
      ? ''
      : axis === 'step'
        ? trans.__('step %1', x.toLocaleString())
        : formatClock(x);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget) {
      return;
    }
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
      setAt(to[event.key]);
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
      const words = {
        copied: trans.__('Copied the picture'),
        saved: trans.__('Saved the picture'),
        failed: trans.__('The picture could not be made')
      };
      setSaid(words[await copyPicture(canvas, title, legend, root.current)]);
    }
  };
  return (
    <figure className={`jp-StudioChart${isSmall ? ' jp-mod-small' : ''}`}>
      <figcaption className="jp-StudioChart-head">
        <span className="jp-StudioChart-title" title={title}>
          {title}
        </span>
        <span className="jp-StudioChart-where">{said || where}</span>
        {lines.length === 1 && (
          <span className="jp-StudioChart-value">{value(0)}</span>
        )}
        {!isSmall && (
          <span className="jp-StudioChart-buttons">
            <button
              type="button"
              className="jp-StudioChart-toggle"
              aria-pressed={log}
              disabled={!canLog}
              title={trans.__('Logarithmic scale')}
              onClick={() => setLog(!isLog)}
            >
              {trans.__('log')}
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Copy as picture')}
              aria-label={trans.__('Copy %1 as picture', title)}
              onClick={() => void copyImage()}
            >
              <pictureIcon.react tag="span" />
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Copy the data')}
              aria-label={trans.__('Copy the data of %1', title)}
              onClick={copyData}
            >
              <copyIcon.react tag="span" />
            </button>
          </span>
        )}
      </figcaption>
      {lines.length > 1 && (
        <ul className="jp-StudioChart-legend">
          {lines.map((line, index) => (
            <li key={line.label} title={line.label}>
              <Mark colour={line.colour} />
              <span className="jp-StudioChart-label">{line.label}</span>
              <span className="jp-StudioChart-value">{value(index)}</span>
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
        aria-label={describe(props, format)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          plot.current?.point(null);
          setAt(null);
        }}
      />
      <span className="jp-StudioChart-spoken" aria-live="polite">
        {where && document.activeElement === root.current
          ? `${where}: ${lines.map((_, index) => value(index)).join(', ')}`
          : ''}
      </span>
    </figure>
  );
}

/** How a line is drawn, for a legend. */
export function Mark(props: { colour: number }): JSX.Element {
  return (
    <span
      className="jp-StudioChart-mark"
      aria-hidden="true"
      style={{
        borderTopColor: `var(--jp-studio-series-${props.colour % COLOURS})`,
        borderTopStyle: dash(props.colour) ? 'dashed' : 'solid'
      }}
    />
  );
}

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
