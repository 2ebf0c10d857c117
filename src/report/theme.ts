/**
 * Follow what the system prefers, as JupyterLab's themes are told: paper is
 * light. Returns what ends that.
 */
export function followTheme(body: HTMLElement): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const printed = matchMedia('print');
  const update = () => {
    const isLight = printed.matches || !dark.matches;
    body.dataset.jpThemeLight = String(isLight);
  };
  update();
  dark.addEventListener('change', update);
  printed.addEventListener('change', update);
  return () => {
    dark.removeEventListener('change', update);
    printed.removeEventListener('change', update);
  };
}
