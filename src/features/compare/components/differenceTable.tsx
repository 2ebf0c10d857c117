import type { TranslationBundle } from '@jupyterlab/translation';
import React, {
  memo,
  useDeferredValue,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import type { ComparedRow } from '../../../contract';
import type { CompareModel, IViewTrial } from '../../../models/compareModel';
import { columnLabel, trialWord } from '../../../models/trialWords';
import { Mark } from '../../../shared/chartParts';
import { useIdle } from '../../../shared/useIdle';
import { useSignal } from '../../../shared/useSignal';
import type { CompareUi } from '../compareUi';
import type { Shown } from '../deltas';
import { DifferenceCell } from './differenceCell';

const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 46;
const NAME_WIDTH = 220;
/** Columns are as wide as there is room, within these. */
const MIN_WIDTH = 190;
const MAX_WIDTH = 280;
/** Rows and columns beside those in sight that are there, too, once the page has time. */
const SPARE = 3;

export interface IDifferenceTableProps {
  model: CompareModel;
  ui: CompareUi;
  onMenu: (trial: IViewTrial, left: number, top: number) => void;
  trans: TranslationBundle;
}

type Line =
  | { type: 'section'; kind: string; count: number; isOpen: boolean }
  | { type: 'row'; row: ComparedRow };

/** Rows are parameters, metrics, tags and attributes; columns are trials. Only what is in sight is there. */
export function DifferenceTable(props: IDifferenceTableProps): JSX.Element {
  const { model, ui, onMenu, trans } = props;
  useSignal(model.changed);
  useSignal(ui.changed);
  const shown = ui.value;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const node = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ x: 0, y: 0, width: 1200, height: 600 });
  useLayoutEffect(() => {
    const element = node.current;
    if (!element) {
      return;
    }
    const look = () =>
      setPlace(before => {
        const { scrollLeft: x, scrollTop: y } = element;
        // What is not laid out, in a hidden tab, stays as it was.
        const width = element.clientWidth || before.width;
        const height = element.clientHeight || before.height;
        const isSame =
          x === before.x &&
          y === before.y &&
          width === before.width &&
          height === before.height;
        return isSame ? before : { x, y, width, height };
      });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer =
      typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(look);
    observer?.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer?.disconnect();
    };
  }, []);
  const now = useMemo(
    () => ({ rows: model.rows, trials: model.trials }),
    [model.rows, model.trials]
  );
  // The charts come first, and the page answers meanwhile.
  const { rows, trials } = useDeferredValue(now);
  const columns = useMemo(() => ordered(trials), [trials]);
  const lines = useMemo(() => linesOf(rows, closed), [rows, closed]);
  const spare = useIdle(lines.length > 0) ? SPARE : 0;
  const { first: top, last: bottom } = span(
    place.y,
    place.height - HEAD_HEIGHT,
    ROW_HEIGHT,
    lines.length,
    spare
  );
  const room = place.width - NAME_WIDTH;
  const size = Math.min(
    MAX_WIDTH,
    Math.max(MIN_WIDTH, Math.floor(room / Math.max(1, columns.length)))
  );
  const { first: left, last: right } = span(
    place.x,
    room,
    size,
    columns.length,
    spare
  );
  // The baseline stays in sight.
  const isPinned = columns[0]?.trial.isBaseline ?? false;
  // The same array while it is the same: rows are drawn again for another.
  const visible = useMemo(() => {
    const inSight = columns.slice(left, right);
    return isPinned && left > 0 ? [columns[0], ...inSight] : inSight;
  }, [columns, left, right, isPinned]);
  const width = Math.max(place.width, NAME_WIDTH + columns.length * size);
  // Rows that are there may be drawn a moment later.
  const isEmpty = model.trials.length > 0 && model.rows.length === 0;
  const nothing = isEmpty && lines.length === 0 ? emptyWord(model, trans) : '';
  const toggle = (kind: string) => {
    const next = new Set(closed);
    if (!next.delete(kind)) {
      next.add(kind);
    }
    setClosed(next);
  };
  return (
    <div
      ref={node}
      className="jp-StudioCompareTable"
      role="table"
      tabIndex={0}
      aria-label={trans.__('Differences')}
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length + 1}
      onMouseLeave={() => model.focus.hover(null)}
    >
      <div
        className="jp-StudioCompareTable-sheet"
        role="presentation"
        style={{ width, height: HEAD_HEIGHT + lines.length * ROW_HEIGHT }}
      >
        <Head
          {...{ model, visible, width, size, isPinned, onMenu, trans }}
          count={columns.length}
        />
        {lines.slice(top, bottom).map((line, index) => {
          const y = HEAD_HEIGHT + (top + index) * ROW_HEIGHT;
          return line.type === 'section' ? (
            <Section
              key={line.kind}
              {...{ line, width, trans }}
              top={y}
              index={top + index}
              onToggle={() => toggle(line.kind)}
            />
          ) : (
            <Row
              key={line.row.key}
              {...{ columns, visible, shown, width, size, isPinned, trans }}
              row={line.row}
              top={y}
              index={top + index}
            />
          );
        })}
      </div>
      {nothing && (
        <div className="jp-StudioCompareTable-nothing" role="row">
          <div role="cell">{nothing}</div>
        </div>
      )}
    </div>
  );
}

/** Why there are no rows. */
function emptyWord(model: CompareModel, trans: TranslationBundle): string {
  if (model.isSearching) {
    // Where that failed, it is said elsewhere.
    return model.error && !model.isLoading
      ? ''
      : model.search
        ? trans.__('Looking for names with %1…', model.search)
        : trans.__('Loading…');
  }
  if (model.search) {
    return trans.__('No row has %1 in its name.', model.search);
  }
  return model.onlyDifferences
    ? trans.__(
        'Nothing differs between these trials. Without “Only what differs” you see what they share.'
      )
    : trans.__('Nothing was recorded of these trials.');
}

/** A trial, and where its values are in the rows. */
export interface IColumn {
  trial: IViewTrial;
  at: number;
  place: number;
}

/** The baseline first; the others in the order of the view. */
function ordered(trials: readonly IViewTrial[]): IColumn[] {
  const columns = trials
    .map((trial, at) => ({ trial, at }))
    .filter(({ trial }) => !trial.isHidden || trial.isBaseline);
  columns.sort(
    (a, b) => Number(b.trial.isBaseline) - Number(a.trial.isBaseline)
  );
  return columns.map((column, place) => ({ ...column, place }));
}

function linesOf(
  rows: readonly ComparedRow[],
  closed: ReadonlySet<string>
): Line[] {
  const lines: Line[] = [];
  for (const kind of ['parameter', 'metric', 'tag', 'attribute']) {
    const found = rows.filter(row => row.kind === kind);
    if (found.length === 0) {
      continue;
    }
    const isOpen = !closed.has(kind);
    lines.push({ type: 'section', kind, count: found.length, isOpen });
    if (isOpen) {
      lines.push(...found.map(row => ({ type: 'row' as const, row })));
    }
  }
  return lines;
}

function span(
  start: number,
  length: number,
  size: number,
  count: number,
  spare: number
) {
  const first = Math.max(0, Math.floor(start / size) - spare);
  const last = Math.ceil((start + Math.max(0, length)) / size) + spare;
  return { first: Math.min(first, count), last: Math.min(last, count) };
}

function columnStyle(
  { place }: IColumn,
  isPinned: boolean,
  width: number
): React.CSSProperties {
  return isPinned && place === 0
    ? { position: 'sticky', left: NAME_WIDTH, width, zIndex: 1 }
    : { position: 'absolute', left: NAME_WIDTH + place * width, width };
}

interface IHeadProps {
  model: CompareModel;
  visible: readonly IColumn[];
  count: number;
  width: number;
  /** Of a column. */
  size: number;
  isPinned: boolean;
  onMenu: IDifferenceTableProps['onMenu'];
  trans: TranslationBundle;
}

function Head(props: IHeadProps): JSX.Element {
  const { model, visible, count, width, size, isPinned, onMenu, trans } = props;
  useSignal(model.focus.changed);
  const { selected, hovered } = model.focus;
  const areSeveral =
    new Set(model.trials.map(({ facts }) => facts.experiment)).size > 1;
  return (
    <div
      className="jp-StudioCompareTable-head"
      role="row"
      aria-rowindex={1}
      style={{ width, height: HEAD_HEIGHT }}
    >
      <div
        className="jp-StudioCompareTable-name"
        role="columnheader"
        style={{ width: NAME_WIDTH }}
      >
        {trans._n('%1 trial', '%1 trials', count)}
      </div>
      {visible.map(column => {
        const { trial } = column;
        const { facts } = trial;
        const word = trialWord(facts.status, trans);
        return (
          <div
            key={trial.id}
            role="columnheader"
            aria-colindex={column.place + 2}
            className={classes(
              'jp-StudioCompareTable-trial',
              trial.isBaseline && 'jp-mod-baseline',
              selected.has(trial.id) && 'jp-mod-selected',
              hovered === trial.id && 'jp-mod-hovered'
            )}
            style={columnStyle(column, isPinned, size)}
            onMouseEnter={() => model.focus.hover(trial.id)}
          >
            <button
              type="button"
              className="jp-StudioCompareTable-pick"
              aria-pressed={selected.has(trial.id)}
              title={[trial.label, facts.experiment, word].join('\n')}
              onClick={event =>
                pick(model, trial.id, event.ctrlKey || event.metaKey)
              }
              onContextMenu={event => {
                event.preventDefault();
                event.stopPropagation();
                onMenu(trial, event.clientX, event.clientY);
              }}
              onKeyDown={event => {
                if (event.key === 'ContextMenu') {
                  event.preventDefault();
                  const box = event.currentTarget.getBoundingClientRect();
                  onMenu(trial, box.left, box.bottom);
                }
              }}
            >
              <Mark colour={trial.colour} />
              <span className="jp-StudioCompareTable-label">{trial.label}</span>
            </button>
            <span className="jp-StudioCompareTable-about">
              {trial.isBaseline
                ? trans.__('Baseline')
                : areSeveral
                  ? facts.experiment
                  : word}
            </span>
          </div>
        );
      })}
    </div>
  );
}

/** Select one trial only, or besides others. */
export function pick(model: CompareModel, id: string, isMore: boolean): void {
  const { focus } = model;
  if (isMore) {
    focus.toggle(id);
  } else {
    const isOnly = focus.selected.size === 1 && focus.selected.has(id);
    focus.select(isOnly ? [] : [id]);
  }
}

interface ISectionProps {
  line: Extract<Line, { type: 'section' }>;
  top: number;
  index: number;
  width: number;
  onToggle: () => void;
  trans: TranslationBundle;
}

function Section(props: ISectionProps): JSX.Element {
  const { line, top, index, width, onToggle, trans } = props;
  const words: Record<string, string> = {
    parameter: trans.__('Parameters'),
    metric: trans.__('Metrics'),
    tag: trans.__('Tags'),
    attribute: trans.__('Attributes')
  };
  return (
    <div
      className="jp-StudioCompareTable-section"
      role="row"
      aria-rowindex={index + 2}
      style={{ top, width, height: ROW_HEIGHT }}
    >
      <div role="rowheader" className="jp-StudioCompareTable-sectionName">
        <button type="button" aria-expanded={line.isOpen} onClick={onToggle}>
          <span aria-hidden="true">{line.isOpen ? '▾' : '▸'}</span>
          {words[line.kind] ?? line.kind}
          <span className="jp-StudioCompareTable-count">{line.count}</span>
        </button>
      </div>
    </div>
  );
}

interface IRowProps {
  row: ComparedRow;
  columns: readonly IColumn[];
  visible: readonly IColumn[];
  shown: Shown;
  top: number;
  index: number;
  width: number;
  /** Of a column. */
  size: number;
  isPinned: boolean;
  trans: TranslationBundle;
}

const Row = memo(function Row(props: IRowProps): JSX.Element {
  const { row, columns, visible, shown, top, index, width, size, isPinned } =
    props;
  return (
    <div
      className={classes(
        'jp-StudioCompareTable-row',
        row.differs && columns.length > 1 && 'jp-mod-differs'
      )}
      role="row"
      aria-rowindex={index + 2}
      data-key={row.key}
      style={{ top, width, height: ROW_HEIGHT }}
    >
      <div
        className="jp-StudioCompareTable-name"
        role="rowheader"
        title={rowTitle(row, props.trans)}
        style={{ width: NAME_WIDTH }}
      >
        {rowName(row, props.trans)}
        {row.better !== null && (
          <span className="jp-StudioCompareTable-better" aria-hidden="true">
            {row.better === 'lower' ? '↓' : '↑'}
          </span>
        )}
      </div>
      {visible.map(column => (
        <DifferenceCell
          key={column.trial.id}
          row={row}
          column={column}
          columns={columns}
          shown={shown}
          style={columnStyle(column, isPinned, size)}
          trans={props.trans}
        />
      ))}
    </div>
  );
});

function rowName(row: ComparedRow, trans: TranslationBundle): string {
  return row.kind === 'attribute' ? columnLabel(row.key, trans) : row.name;
}

function rowTitle(row: ComparedRow, trans: TranslationBundle): string {
  const name = rowName(row, trans);
  return row.better === 'lower'
    ? trans.__('%1 (lower is better)', name)
    : row.better === 'higher'
      ? trans.__('%1 (higher is better)', name)
      : name;
}

export function classes(...names: (string | false | null | undefined)[]) {
  return names.filter(Boolean).join(' ');
}
