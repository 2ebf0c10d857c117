import { shapeOf } from '../shared/shapes';
import type { Shape } from '../shared/shapes';

type Child = Node | string | null | undefined | false;

interface IAttributes {
  [name: string]: string | number | boolean | EventListener | undefined;
}

/** An element. Children that are texts become texts, never markup; `on…` attributes are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: IAttributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child);
    }
  }
}

/** Say something else, unless it is what the element says: what is selected in it stays so. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) {
    element.hidden = !shown;
  }
}

/** Shapes of states on a grid of 16, each to be told from the others without colour. */
const SHAPES: Record<Shape, string> = {
  waiting:
    'M8 2.5a5.5 5.5 0 1 0 .01 0ZM8 4a4 4 0 1 1-.01 0Z M7 5h2v3.5h-2Z M7 9.5h2v1.5h-2Z',
  running:
    'M8 1.9a6.1 6.1 0 1 0 .01 0ZM8 2.8a5.2 5.2 0 1 1-.01 0Z M8 1.9a6.1 6.1 0 0 1 6.1 6.1h-2.3a3.8 3.8 0 0 0-3.8-3.8Z',
  stopping:
    'M8 1.9a6.1 6.1 0 1 0 .01 0ZM8 2.8a5.2 5.2 0 1 1-.01 0Z M5.75 5.75h4.5v4.5h-4.5Z',
  done: 'M6.4 12.6 2.2 8.4l1.4-1.4 2.8 2.8 6-6 1.4 1.4Z',
  failed: 'M8 1.5 14.5 8 8 14.5 1.5 8Zm-.9 3v4.2h1.8V4.5Zm0 5.3v1.7h1.8V9.8Z',
  stopped: 'M3.5 3.5h9v9h-9Z'
};

/** A 16 px sign. The word for it stands beside. */
export function sign(status: string): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const shape = shapeOf(status);
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `studio-sign studio-mod-${shape}`);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', SHAPES[shape]);
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('fill-rule', shape === 'running' ? 'nonzero' : 'evenodd');
  svg.append(path);
  return svg;
}

/** Copy a text, also where the page may not use the clipboard's own interface (plain HTTP). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h('textarea', { style: 'position:fixed;opacity:0' });
    area.value = text;
    document.body.append(area);
    area.select();
    try {
      return document.execCommand('copy');
    } finally {
      area.remove();
    }
  }
}

/** A button that copies a text and says so. */
export function copyButton(
  label: string,
  text: () => string,
  title: string,
  className = 'studio-link'
): HTMLButtonElement {
  const button = h(
    'button',
    { type: 'button', class: className, title },
    label
  );
  button.addEventListener('click', () => {
    void copyText(text()).then(done => {
      button.textContent = done ? 'copied' : 'could not copy';
      setTimeout(() => {
        button.textContent = label;
      }, 1200);
    });
  });
  return button;
}
