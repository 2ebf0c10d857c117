import { Widget } from '@lumino/widgets';
import React, { useLayoutEffect, useRef } from 'react';

export interface IHostedProps {
  /** Makes the widget; another function makes another one. */
  make: () => Widget;
  className?: string;
}

/** A Lumino widget among React's elements. It is disposed with its place. */
export function Hosted(props: IHostedProps): JSX.Element {
  const { make, className } = props;
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const widget = make();
    Widget.attach(widget, node);
    return () => widget.dispose();
  }, [make]);
  return <div ref={host} className={className} />;
}
