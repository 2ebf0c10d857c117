import React, { useEffect, useRef, useState } from 'react';
import { Mark } from '../chartParts';
import type { Cursor } from '../chartParts';
import { formatNumber } from '../format';
import type { IDrawnLine } from './lineData';
import { FEW_LINES } from './lineLayer';
import type { ILineCursor } from './linePlot';

const MOST_AT_POINTER = 6;

/** The lines next to the pointer, where there are too many for a legend. */
export function LinePointer(props: {
  cursor: Cursor<ILineCursor>;
  lines: readonly IDrawnLine[];
  where: (at: ILineCursor | null) => string;
  value: (line: IDrawnLine, at: ILineCursor | null) => string;
}): JSX.Element {
  const { cursor, lines, where, value } = props;
  const node = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<ILineCursor | null>(null);
  useEffect(
    () =>
      cursor.subscribe(() => {
        setAt(cursor.at && cursor.at.near.length > 0 ? cursor.at : null);
      }),
    [cursor]
  );
  const near = (at?.near ?? []).flatMap(each => lines[each] ?? []);
  const place = node.current?.parentElement;
  const width = place?.clientWidth ?? 0;
  const height = place?.clientHeight ?? 0;
  return (
    <div
      ref={node}
      className="jp-StudioLineChart-pointer"
      hidden={near.length === 0}
      style={
        at
          ? {
              ...(at.left > width / 2
                ? { right: width - at.left + 14 }
                : { left: at.left + 14 }),
              ...(at.top > height / 2
                ? { bottom: Math.max(0, height - at.top - 12) }
                : { top: Math.max(0, at.top - 12) })
            }
          : undefined
      }
    >
      <div className="jp-StudioLineChart-place">{where(at)}</div>
      {near.slice(0, MOST_AT_POINTER).map(line => (
        <div
          key={`${line.label} ${line.metric}`}
          className="jp-StudioLineChart-near"
        >
          <Mark
            colour={line.colour}
            dash={lines.length > FEW_LINES ? 0 : line.dash}
          />
          <span className="jp-StudioChart-label">{line.label}</span>
          <span className="jp-StudioChart-value">{value(line, at)}</span>
        </div>
      ))}
      {near.length > MOST_AT_POINTER && (
        <div>+ {formatNumber(near.length - MOST_AT_POINTER)}</div>
      )}
    </div>
  );
}
