/** Colours of a chart as the theme has them now. */
export interface IChartTheme {
  background: string;
  text: string;
  grid: string;
  font: string;
  /** Size of the font in pixels, and its names. */
  size: number;
  family: string;
  /** Of what is to be read first. */
  strong: string;
  /** Of what is chosen. */
  brand: string;
  line: (colour: number) => string;
  limit: string;
  /** Colour of a place between two ends, 0 to 1. */
  ramp: (place: number) => string;
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
  const ramp = RAMP.map((otherwise, index) =>
    read(`--jp-studio-ramp-${index}`, otherwise)
  );
  const family = style.fontFamily || 'sans-serif';
  return {
    size,
    family,
    strong: read('--jp-ui-font-color0', '#222'),
    brand: read('--jp-brand-color1', '#0072b2'),
    background: read('--jp-layout-color1', '#fff'),
    text: read('--jp-ui-font-color2', '#666'),
    grid: read('--jp-studio-grid', read('--jp-border-color2', '#ddd')),
    font: `${size}px ${family}`,
    limit: read('--jp-error-color1', '#c00'),
    line: colour => read(`--jp-studio-series-${colour % COLOURS}`, '#0072b2'),
    ramp: place => between(ramp, place)
  };
}

/** Colours of a ramp where the style sheet is not there. */
const RAMP = ['#4b3b9e', '#2b6cb0', '#00897b', '#6a9a1f', '#b98900'];

/** Colour at a place between the first and the last of some, 0 to 1. */
function between(colours: readonly string[], place: number): string {
  const at = Math.min(1, Math.max(0, place)) * (colours.length - 1);
  const first = Math.min(colours.length - 2, Math.floor(at));
  const [from, to] = [colours[first], colours[first + 1]].map(channels);
  const mixed = from.map((each, index) =>
    Math.round(each + (to[index] - each) * (at - first))
  );
  return `rgb(${mixed.join(',')})`;
}

/** Black or white, whichever is read more easily on `rgb(...)`. */
export function onColour(colour: string): string {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? []).map(
    each => (Number(each) / 255) ** 2.2
  );
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return light > 0.18 ? '#000' : '#fff';
}

/** `#rrggbb` or `rgb(...)` with an opacity of its own, 0 to 1. */
export function faded(colour: string, opacity: number): string {
  const parts = colour.startsWith('#')
    ? channels(colour)
    : (colour.match(/[\d.]+/g) ?? []).slice(0, 3);
  return `rgba(${parts.join(',')},${opacity})`;
}

/** Red, green and blue of `#rrggbb` or `#rgb`. */
function channels(colour: string): number[] {
  const digits = colour.slice(1);
  const size = digits.length === 3 ? 1 : 2;
  return [0, 1, 2].map(index =>
    parseInt(
      digits.slice(index * size, (index + 1) * size).repeat(3 - size),
      16
    )
  );
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
