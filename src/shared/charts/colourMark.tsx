import React from 'react';
import { COLOURS, dash } from '../chartTheme';

/** The line of a trial as charts draw it: its colour, and its dashes beyond as many as there are colours. */
export function ColourMark(props: {
  /** Position in the list of colours. */
  colour: number;
  isFaint?: boolean;
}): JSX.Element {
  const { colour, isFaint } = props;
  return (
    <svg
      className="jp-StudioColourMark"
      width="18"
      height="10"
      viewBox="0 0 18 10"
      aria-hidden="true"
    >
      <line
        x1="0"
        x2="18"
        y1="5"
        y2="5"
        strokeWidth="3"
        strokeDasharray={dash(colour)?.join(' ')}
        opacity={isFaint ? 0.35 : 1}
        style={{ stroke: `var(--jp-studio-series-${colour % COLOURS})` }}
      />
    </svg>
  );
}
