/**
 * Colours of lines after Okabe and Ito, for eyes that tell colours apart and those that do not, on light and dark pages.
 * The same as in `svg_chart.py`.
 */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8a8a00',
  '#7f7f7f'
];

export function colourOf(line: number): string {
  return COLOURS[line % COLOURS.length];
}
