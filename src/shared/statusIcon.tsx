import React from 'react';
import { shapeOf } from './shapes';
import type { Shape } from './shapes';

export interface IStatusIconProps {
  status: string;
  /** Word for people who cannot see the shape; empty when it stands beside. */
  label?: string;
}

/** A 16 px sign for a state; running things turn. */
export function StatusIcon(props: IStatusIconProps): JSX.Element {
  const shape = shapeOf(props.status);
  return (
    <svg
      className={`jp-StudioStatus jp-mod-${shape}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      role={props.label ? 'img' : undefined}
      aria-label={props.label || undefined}
      aria-hidden={props.label ? undefined : true}
    >
      {props.label && <title>{props.label}</title>}
      {SHAPES[shape]}
    </svg>
  );
}

const RING = { cx: 8, cy: 8, r: 5.5, fill: 'none', strokeWidth: 1.5 };

const SHAPES: Record<Shape, JSX.Element> = {
  waiting: <circle {...RING} stroke="currentColor" strokeDasharray="2 2.32" />,
  running: (
    <g className="jp-StudioStatus-turning">
      <circle {...RING} stroke="currentColor" opacity="0.25" />
      <path
        d="M8 2.5 A5.5 5.5 0 0 1 13.5 8"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </g>
  ),
  stopping: (
    <g>
      <circle {...RING} stroke="currentColor" strokeDasharray="2 2.32" />
      <rect x="5.75" y="5.75" width="4.5" height="4.5" fill="currentColor" />
    </g>
  ),
  done: (
    <path
      d="M3 8.5 L6.5 12 L13 4.5"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  failed: (
    <g>
      <circle cx="8" cy="8" r="6.25" fill="currentColor" />
      <path
        className="jp-StudioStatus-cut"
        d="M8 4.5 V8.75 M8 11 V11.5"
        fill="none"
        strokeWidth="1.75"
        strokeLinecap="round"
      />
    </g>
  ),
  stopped: (
    <rect x="3.5" y="3.5" width="9" height="9" rx="1" fill="currentColor" />
  )
};
