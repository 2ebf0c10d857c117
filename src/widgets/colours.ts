/**
 * Colours of lines after Okabe and Ito, for eyes that tell colours apart and those that do not, on light and dark pages.
 * The same as in `svg_chart.py`.
 */
export const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8a8a00',
  '#7f7f7f'
];

/** Beyond as many lines as there are colours the dash tells them apart. */
export const DASHES: number[][] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export function colourOf(line: number): string {
  return COLOURS[line % COLOURS.length];
}

export function dashOf(line: number): number[] {
  return DASHES[Math.floor(line / COLOURS.length) % DASHES.length];
}
