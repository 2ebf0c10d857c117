import React, { memo } from 'react';
import { highlight, parseAnsi } from './ansi';

export interface IAnsiLineProps {
  text: string;
  /** Ranges of the plain text to mark. */
  marks?: readonly (readonly [number, number])[];
  /** Which of the marks is the present one. */
  current?: readonly [number, number] | null;
}

/** One line of terminal text with its colours; all of it is text, never markup. */
export const AnsiLine = memo(function AnsiLine(
  props: IAnsiLineProps
): JSX.Element {
  let segments = parseAnsi(props.text);
  if (props.marks && props.marks.length > 0) {
    segments = highlight(segments, props.marks, 'jp-StudioLog-mark');
  }
  if (props.current) {
    segments = highlight(segments, [props.current], 'jp-mod-current');
  }
  return (
    <>
      {segments.map((segment, index) =>
        segment.className || segment.style ? (
          <span key={index} className={segment.className} style={segment.style}>
            {segment.text}
          </span>
        ) : (
          <React.Fragment key={index}>{segment.text}</React.Fragment>
        )
      )}
    </>
  );
});

/** Several lines of terminal text, for example a traceback. */
export function AnsiBlock(props: { text: string }): JSX.Element {
  const lines = props.text.replace(/\n$/, '').split('\n');
  return (
    <div className="jp-RenderedText jp-StudioAnsi">
      <pre>
        {lines.map((line, index) => (
          <React.Fragment key={index}>
            <AnsiLine text={line} />
            {index < lines.length - 1 ? '\n' : ''}
          </React.Fragment>
        ))}
      </pre>
    </div>
  );
}
