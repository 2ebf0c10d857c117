import { THEME_MESSAGE } from '../shared/themeMessage';

/**
 * Follow what the page around a frame says of its theme, else what the system
 * prefers, as JupyterLab's themes are told: paper is light. Returns what ends
 * that.
 */
export function followTheme(body: HTMLElement): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const printed = matchMedia('print');
  let told: boolean | null = null;
  const update = () => {
    const isLight = printed.matches || (told ?? !dark.matches);
    body.dataset.jpThemeLight = String(isLight);
  };
  const onMessage = ({ data, source }: MessageEvent) => {
    if (
      source === window.parent &&
      data?.type === THEME_MESSAGE &&
      typeof data.isLight === 'boolean'
    ) {
      told = data.isLight;
      update();
    }
  };
  update();
  dark.addEventListener('change', update);
  printed.addEventListener('change', update);
  window.addEventListener('message', onMessage);
  if (window.parent !== window) {
    window.parent.postMessage({ type: THEME_MESSAGE }, '*');
  }
  return () => {
    dark.removeEventListener('change', update);
    printed.removeEventListener('change', update);
    window.removeEventListener('message', onMessage);
  };
}
