import { dash, readTheme } from './chartTheme';

/** Height of a line of text, in CSS pixels. */
const TEXT = 16;
const MARGIN = 8;

/** A line of the legend below the title. */
export interface ILegendEntry {
  colour: number;
  text: string;
}

/**
 * Put a chart with its title and legend on the clipboard as a picture.
 *
 * Saved: the browser does not allow that here, and it was downloaded instead.
 */
export async function copyPicture(
  chart: HTMLCanvasElement,
  title: string,
  legend: readonly ILegendEntry[],
  node: Element
): Promise<'copied' | 'saved' | 'failed'> {
  const picture = draw(chart, title, legend, node);
  const blob = await new Promise<Blob | null>(done =>
    picture.toBlob(done, 'image/png')
  );
  if (!blob) {
    return 'failed';
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
    return 'copied';
  } catch {
    download(blob, `${title.replace(/[^\w.-]+/g, '_') || 'chart'}.png`);
    return 'saved';
  }
}

function draw(
  chart: HTMLCanvasElement,
  title: string,
  legend: readonly ILegendEntry[],
  node: Element
): HTMLCanvasElement {
  const theme = readTheme(node);
  const ratio = devicePixelRatio || 1;
  const rows = legend.length > 1 ? 1 + legend.length : 1;
  const top = MARGIN + rows * TEXT + MARGIN;
  const picture = document.createElement('canvas');
  picture.width = chart.width;
  picture.height = chart.height + Math.ceil(top * ratio);
  const context = picture.getContext('2d')!;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.save();
  context.scale(ratio, ratio);
  context.font = theme.font;
  context.textBaseline = 'middle';
  context.fillStyle = theme.text;
  const value = legend.length === 1 ? `  ${legend[0].text}` : '';
  context.fillText(title + value, MARGIN, MARGIN + TEXT / 2);
  if (legend.length > 1) {
    legend.forEach(({ colour, text }, index) => {
      const y = MARGIN + (index + 1.5) * TEXT;
      context.strokeStyle = theme.line(colour);
      context.lineWidth = 2;
      context.setLineDash(dash(colour) ?? []);
      context.beginPath();
      context.moveTo(MARGIN, y);
      context.lineTo(MARGIN + 16, y);
      context.stroke();
      context.fillText(text, MARGIN + 22, y);
    });
  }
  context.restore();
  context.drawImage(chart, 0, Math.ceil(top * ratio));
  return picture;
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
