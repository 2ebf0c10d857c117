import type { TranslationBundle } from '@jupyterlab/translation';

/** English as it is written: a report takes no translations along. */
export const trans = {
  __: filled,
  gettext: filled,
  _n: counted,
  ngettext: counted,
  _p: (_: string, text: string, ...values: unknown[]) => filled(text, ...values)
} as unknown as TranslationBundle;

/** `%1` is the first value. */
function filled(text: string, ...values: unknown[]): string {
  return text.replace(/%(\d+)/g, (whole, place) => {
    const at = Number(place) - 1;
    return at < values.length ? String(values[at]) : whole;
  });
}

/** `%1` is the count. */
function counted(
  one: string,
  many: string,
  count: number,
  ...values: unknown[]
): string {
  return filled(count === 1 ? one : many, count, ...values);
}
