/** Colours of a chart as the theme has them now. */
export interface IChartTheme {
  background: string;
  text: string;
  grid: string;
  font: string;
  line: (colour: number) => string;
  limit: string;
}

/** Colours of lines; beyond as many lines the dash tells them apart. */
export const COLOURS = 8;

/** Dashes by how often the colours were gone through. The same as in `svg_chart.py`. */
const DASHES: (number[] | undefined)[] = [
  undefined,
  [6, 3],
  [2, 2],
  [8, 3, 2, 3]
];

/** Lengths of strokes and gaps of a line; undefined: it has no gaps. */
export function dash(colour: number): number[] | undefined {
  return DASHES[Math.floor(colour / COLOURS) % DASHES.length];
}

/** Read the theme's colours where a chart is shown: a canvas knows no variables. */
export function readTheme(node: Element): IChartTheme {
  const style = getComputedStyle(node);
  const read = (name: string, otherwise: string) =>
    style.getPropertyValue(name).trim() || otherwise;
  // A canvas takes no relative sizes, and the drawing library whole pixels only.
  const size = Math.round(parseFloat(style.fontSize)) || 11;
  return {
    background: read('--jp-layout-color1', '#fff'),
    text: read('--jp-ui-font-color2', '#666'),
    grid: read('--jp-border-color2', '#ddd'),
    font: `${size}px ${style.fontFamily || 'sans-serif'}`,
    limit: read('--jp-error-color1', '#c00'),
    line: colour => read(`--jp-studio-series-${colour % COLOURS}`, '#0072b2')
  };
}

/** Call `changed` whenever the theme changes; returns what ends that. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['data-jp-theme-light', 'data-jp-theme-name']
  });
  return () => observer.disconnect();
}
