import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Widget } from '@lumino/widgets';
import React, { useCallback } from 'react';
import { Hosted } from './hosted';

export interface IRenderedProps {
  rendermime: IRenderMimeRegistry;
  /** Markdown, of anybody: nothing in it is trusted. */
  markdown: string;
  className?: string;
}

/** Markdown as JupyterLab shows it, cleaned of everything that could act. */
export function Rendered(props: IRenderedProps): JSX.Element {
  const { rendermime, markdown, className } = props;
  const make = useCallback((): Widget => {
    const mime = 'text/markdown';
    const renderer = rendermime.createRenderer(mime);
    const model = new MimeModel({
      data: { [mime]: markdown },
      trusted: false
    });
    // A form is sent to the page that it is in where it names none: that would be left.
    renderer.node.addEventListener('submit', event => event.preventDefault());
    // What cannot be shown leaves the place empty; the text can still be edited.
    void renderer.renderModel(model).catch(() => undefined);
    return renderer;
  }, [rendermime, markdown]);
  return <Hosted make={make} className={className} />;
}

/** Markdown that shows a text as it is, coloured as a language. */
export function fenced(text: string, language: string): string {
  const ticks = [...text.matchAll(/`{3,}/g)].map(([found]) => found.length);
  const fence = '`'.repeat(Math.max(3, 1 + Math.max(0, ...ticks)));
  return `${fence}${language}\n${text}\n${fence}`;
}
