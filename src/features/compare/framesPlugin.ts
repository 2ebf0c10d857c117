import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IThemeManager } from '@jupyterlab/apputils';
import { THEME_MESSAGE } from '../../shared/themeMessage';

/** Frames of `studio.view()` in notebooks: they reach nothing of the page, and ask it for its colours. */
const FRAMES = 'iframe.jp-StudioFrame';

/** Views in notebooks are as light or dark as JupyterLab, also when that changes. */
export const framesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio_ext:frames',
  description:
    'Tells the views that notebooks show whether the theme is light.',
  autoStart: true,
  requires: [IThemeManager],
  activate: (_: JupyterFrontEnd, themes: IThemeManager) => {
    const tell = (frame: MessageEventSource | null) => {
      const isLight = !themes.theme || themes.isLight(themes.theme);
      // A frame without an origin of its own can be named in no other way.
      frame?.postMessage(
        { type: THEME_MESSAGE, isLight },
        { targetOrigin: '*' }
      );
    };
    window.addEventListener('message', ({ data, source }) => {
      if (data?.type === THEME_MESSAGE && source !== window) {
        tell(source);
      }
    });
    themes.themeChanged.connect(() =>
      document
        .querySelectorAll<HTMLIFrameElement>(FRAMES)
        .forEach(({ contentWindow }) => tell(contentWindow))
    );
  }
};
