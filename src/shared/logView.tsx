import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import React, {
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import { AnsiLine } from './ansiLine';
import { formatSize } from './format';
import { findMatches, MOST_MATCHES } from './logSearch';
import type { IMatch } from './logSearch';

/** Height of a line in pixels; the style sheet says the same. */
const LINE = 18;
/** Lines drawn above and below those in sight. */
const MARGIN = 20;

export interface ILogViewProps {
  lines: readonly string[];
  /** Bytes before the first line that are not loaded. */
  skipped: number;
  /** Whether nothing more can come. */
  isComplete: boolean;
  trans: TranslationBundle;
  onEarlier: () => void;
}

/** A long log of which only the lines in sight are drawn. */
export function LogView(props: ILogViewProps): JSX.Element {
  const { skipped, trans } = props;
  // The text after the last line feed is a line only when there is some.
  const lines = useMemo(
    () =>
      props.lines[props.lines.length - 1] === ''
        ? props.lines.slice(0, -1)
        : props.lines,
    [props.lines]
  );
  const [follow, setFollow] = useState(true);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);

  const matches = useMemo(() => findMatches(lines, query), [lines, query]);
  const current: IMatch | undefined =
    matches[Math.min(chosen, matches.length - 1)];

  useEffect(() => {
    const node = scroller.current;
    if (!node || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => setHeight(node.clientHeight));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  // Lines that come or go above those in sight must not move them.
  const before = useRef({ skipped, count: lines.length });
  useLayoutEffect(() => {
    const node = scroller.current;
    const moved = skipped !== before.current.skipped;
    if (node && moved && !follow) {
      node.scrollTop += (lines.length - before.current.count) * LINE;
    }
    before.current = { skipped, count: lines.length };
    if (node && follow) {
      node.scrollTop = node.scrollHeight;
    }
  }, [lines, skipped, follow, height]);

  const onScroll = () => {
    const node = scroller.current;
    if (node) {
      const end = node.scrollHeight - node.clientHeight - node.scrollTop;
      if (node.scrollTop < top && end > LINE) {
        setFollow(false);
      } else if (end <= 1) {
        setFollow(true);
      }
      setTop(node.scrollTop);
    }
  };
  const reveal = (index: number) => {
    const node = scroller.current;
    const match = matches[index];
    setChosen(index);
    if (node && match) {
      setFollow(false);
      const y = match.line * LINE;
      if (y < node.scrollTop || y + LINE > node.scrollTop + node.clientHeight) {
        node.scrollTop = Math.max(0, y - node.clientHeight / 2);
      }
    }
  };
  const step = (by: number) => {
    if (matches.length > 0) {
      reveal((chosen + by + matches.length) % matches.length);
    }
  };

  const first = Math.max(0, Math.floor(top / LINE) - MARGIN);
  const last = Math.min(
    lines.length,
    Math.ceil((top + height) / LINE) + MARGIN
  );
  const marks = useMemo(() => byLine(matches), [matches]);
  const none = query !== '' && matches.length === 0;
  const count = none
    ? trans.__('none')
    : trans.__(
        '%1 of %2',
        Math.min(chosen, matches.length - 1) + 1,
        matches.length >= MOST_MATCHES ? `${MOST_MATCHES}+` : matches.length
      );
  return (
    <div className="jp-StudioLog">
      <div className="jp-StudioLog-bar">
        <div className="jp-StudioLog-search" role="search">
          <searchIcon.react tag="span" className="jp-StudioLog-searchIcon" />
          <input
            className="jp-StudioInput"
            type="search"
            placeholder={trans.__('Search the log')}
            aria-label={trans.__('Search the log')}
            value={query}
            onChange={event => {
              setQuery(event.target.value);
              setChosen(0);
            }}
            onKeyDown={event => {
              if (event.key === 'Enter') {
                event.preventDefault();
                step(event.shiftKey ? -1 : 1);
              }
            }}
          />
          {query && (
            <>
              <span className="jp-StudioLog-count" role="status">
                {count}
              </span>
              <button
                type="button"
                className="jp-StudioIconButton"
                title={trans.__('Previous match (Shift+Enter)')}
                aria-label={trans.__('Previous match')}
                disabled={matches.length === 0}
                onClick={() => step(-1)}
              >
                <caretUpIcon.react tag="span" />
              </button>
              <button
                type="button"
                className="jp-StudioIconButton"
                title={trans.__('Next match (Enter)')}
                aria-label={trans.__('Next match')}
                disabled={matches.length === 0}
                onClick={() => step(1)}
              >
                <caretDownIcon.react tag="span" />
              </button>
            </>
          )}
        </div>
        <span className="jp-StudioLog-lines">
          {trans._n('%1 line', '%1 lines', lines.length)}
        </span>
        <label className="jp-StudioLog-follow">
          <input
            type="checkbox"
            checked={follow}
            onChange={event => setFollow(event.target.checked)}
          />
          {trans.__('Follow')}
        </label>
      </div>
      {skipped > 0 && (
        <div className="jp-StudioLog-skipped">
          {trans.__('Skipped %1', formatSize(skipped))}
          {' – '}
          <button
            type="button"
            className="jp-StudioLink"
            onClick={() => {
              setFollow(false);
              props.onEarlier();
            }}
          >
            {trans.__('show earlier')}
          </button>
        </div>
      )}
      <div
        ref={scroller}
        className="jp-StudioLog-scroller"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Log')}
        onScroll={onScroll}
      >
        <div
          className="jp-RenderedText jp-StudioLog-text"
          style={{ height: lines.length * LINE }}
        >
          <pre style={{ top: first * LINE }}>
            {lines.slice(first, last).map((line, index) => {
              const number = first + index;
              return (
                <div key={number} className="jp-StudioLog-line">
                  <AnsiLine
                    text={line}
                    marks={marks.get(number)}
                    current={
                      current?.line === number
                        ? [current.start, current.end]
                        : null
                    }
                  />
                </div>
              );
            })}
          </pre>
        </div>
        {lines.length === 0 && (
          <p className="jp-StudioLog-empty">
            {props.isComplete
              ? trans.__('The job wrote nothing.')
              : trans.__('Nothing was written yet.')}
          </p>
        )}
      </div>
    </div>
  );
}

function byLine(matches: readonly IMatch[]): Map<number, [number, number][]> {
  const result = new Map<number, [number, number][]>();
  for (const { line, start, end } of matches) {
    const marks = result.get(line) ?? [];
    marks.push([start, end]);
    result.set(line, marks);
  }
  return result;
}
