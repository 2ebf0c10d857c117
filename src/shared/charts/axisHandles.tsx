import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useRef, useState } from 'react';
import { SIDES } from './parallel';
import type { IChartColumn } from './types';

/** Pixels that a pointer moves before it drags. */
const SLACK = 4;

export interface IAxisHandlesProps {
  /** In the order of the axes. */
  columns: readonly IChartColumn[];
  /** The keys in another order. */
  onOrder: (keys: string[]) => void;
  trans: TranslationBundle;
}

/** An axis that is dragged. */
interface IDrag {
  from: number;
  /** Where the pointer went down, and where it is, in pixels of the page. */
  start: number;
  now: number;
  /** Between axes, in pixels. */
  step: number;
}

/**
 * The names above parallel axes as handles: an axis is moved by dragging its
 * name, or by the arrow keys while that has the keyboard. The names themselves
 * are drawn by the chart; these lie over them.
 */
export function AxisHandles(props: IAxisHandlesProps): JSX.Element {
  const { columns, onOrder, trans } = props;
  const root = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<IDrag | null>(null);
  const [said, say] = useState('');
  const last = columns.length - 1;
  const room = `(100% - ${SIDES.left + SIDES.right}px)`;
  const place = (at: number) =>
    `calc(${SIDES.left}px + ${room} * ${at / Math.max(1, last)})`;
  const move = (from: number, to: number) => {
    if (to === from || to < 0 || to > last) {
      return;
    }
    const keys = columns.map(({ key }) => key);
    keys.splice(to, 0, ...keys.splice(from, 1));
    say(
      trans.__('%1: axis %2 of %3', columns[from].label, to + 1, columns.length)
    );
    onOrder(keys);
  };
  const target = drag && targetOf(drag, last);
  return (
    <div
      ref={root}
      className="jp-StudioChart-axes"
      role="group"
      aria-label={trans.__('Order of the axes')}
    >
      {columns.map(({ key, label }, at) => (
        <button
          key={key}
          type="button"
          className={`jp-StudioChart-axis${drag?.from === at ? ' jp-mod-dragged' : ''}`}
          style={{
            left: place(at),
            width: `min(${room} / ${Math.max(1, last)} - 4px, ${2 * SIDES.left}px)`,
            transform: `translateX(calc(-50% + ${drag?.from === at ? drag.now - drag.start : 0}px))`
          }}
          title={trans.__(
            '%1: drag it, or press the left or right arrow, to move the axis',
            label
          )}
          aria-label={trans.__('Move the axis %1', label)}
          onKeyDown={event => {
            if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
              move(at, at + (event.key === 'ArrowLeft' ? -1 : 1));
            } else if (event.key === 'Escape' && drag) {
              setDrag(null);
            } else {
              return;
            }
            event.preventDefault();
            event.stopPropagation();
          }}
          onPointerDown={event => {
            const width = root.current?.clientWidth ?? 0;
            const room = width - SIDES.left - SIDES.right;
            if (event.button === 0 && last > 0) {
              event.currentTarget.setPointerCapture?.(event.pointerId);
              const { clientX: start } = event;
              const step = Math.max(1, room / last);
              setDrag({ from: at, start, now: start, step });
            }
          }}
          onPointerMove={event =>
            drag && setDrag({ ...drag, now: event.clientX })
          }
          onPointerUp={() => {
            setDrag(null);
            if (target !== null) {
              move(at, target);
            }
          }}
          onPointerCancel={() => setDrag(null)}
        />
      ))}
      {drag && target !== null && target !== drag.from && (
        <div
          className="jp-StudioChart-axisTarget"
          style={{ left: place(target) }}
        />
      )}
      <span className="jp-StudioChart-spoken" role="status">
        {said}
      </span>
    </div>
  );
}

/** Where an axis comes to stand when it is let go. */
function targetOf(drag: IDrag, last: number): number {
  const moved = drag.now - drag.start;
  const by = Math.abs(moved) < SLACK ? 0 : Math.round(moved / drag.step);
  return Math.max(0, Math.min(last, drag.from + by));
}
