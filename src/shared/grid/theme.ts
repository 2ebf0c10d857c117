import { readTheme } from '../chartTheme';

/** Colours and fonts of a grid as the theme has them now: a canvas knows no variables. */
export interface IGridTheme {
  background: string;
  header: string;
  hover: string;
  selected: string;
  marked: string;
  skeleton: string;
  line: string;
  strongLine: string;
  text: string;
  strong: string;
  dim: string;
  link: string;
  accent: string;
  good: string;
  bad: string;
  /** Colour of a line in charts. */
  series: (position: number) => string;
  font: string;
  boldFont: string;
  italicFont: string;
  codeFont: string;
  rowHeight: number;
  isLight: boolean;
}

export function readGridTheme(node: Element): IGridTheme {
  const style = getComputedStyle(node);
  const read = (name: string, otherwise: string) =>
    style.getPropertyValue(name).trim() || otherwise;
  const size = Math.round(parseFloat(style.fontSize)) || 13;
  const family = style.fontFamily || 'sans-serif';
  const code = read('--jp-code-font-family', 'monospace');
  const isLight = document.body.dataset['jpThemeLight'] !== 'false';
  return {
    background: read('--jp-layout-color1', '#fff'),
    header: read('--jp-layout-color1', '#fff'),
    hover: read('--jp-layout-color2', '#eee'),
    selected: read('--jp-studio-selected', isLight ? '#d9eafa' : '#16384f'),
    marked: read('--jp-layout-color3', '#ddd'),
    skeleton: read('--jp-layout-color2', '#eee'),
    line: read('--jp-border-color3', '#eee'),
    strongLine: read('--jp-border-color1', '#bbb'),
    text: read('--jp-ui-font-color1', '#222'),
    strong: read('--jp-ui-font-color0', '#000'),
    dim: read('--jp-ui-font-color2', '#666'),
    link: read('--jp-content-link-color', '#1565c0'),
    accent: read('--jp-brand-color1', '#1976d2'),
    good: read('--jp-studio-good', isLight ? '#1b6e20' : '#7fd184'),
    series: readTheme(node).line,
    bad: read('--jp-error-color1', '#d32f2f'),
    font: `${size}px ${family}`,
    boldFont: `600 ${size}px ${family}`,
    italicFont: `italic ${size}px ${family}`,
    codeFont: `${Math.max(size - 1, 9)}px ${code}`,
    rowHeight: Math.max(24, Math.round(size * 1.85)),
    isLight
  };
}
