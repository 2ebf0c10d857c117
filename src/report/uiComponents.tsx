import React, { useEffect, useRef } from 'react';

/** What charts use of `@jupyterlab/ui-components`: icons that are drawn from the text of their SVG. */
export class LabIcon {
  constructor({ svgstr }: { name: string; svgstr: string }) {
    this.react = () => <Icon svg={svgstr} />;
  }

  readonly react: (props: { tag?: string }) => JSX.Element;
}

function Icon({ svg }: { svg: string }): JSX.Element {
  const node = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    node.current?.replaceChildren(parsed.documentElement);
  }, [svg]);
  return <span ref={node} aria-hidden="true" />;
}

export const copyIcon = new LabIcon({
  name: 'copy',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><path class="jp-icon3" d="M4 1h8v2h-1V2H5v8H4zm3 4h6v9H7zm1 1v7h4V6z"/></svg>'
});

/** Beside an error, of which a report that asks nobody has none. */
export const errorIcon = new LabIcon({
  name: 'error',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><path class="jp-icon3" d="M7 3h2v6H7zm0 8h2v2H7z"/></svg>'
});
