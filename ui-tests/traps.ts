import type { Page as BrowserPage } from '@playwright/test';

/** A host that no name server knows: only bait that runs asks for anything there. */
export const ELSEWHERE = 'http://elsewhere.invalid';

/** What bait does when it runs: it marks the windows that it reaches, and calls home. `where` says which bait it is. */
export function deed(where: string): string {
  return (
    `window.__planted='${where}';try{parent.__planted='${where}'}catch(e){}` +
    `try{top.__planted='${where}'}catch(e){}fetch('${ELSEWHERE}/${where}')`
  );
}

/** Bait for where there is little room. */
export const image = (where: string): string => `<img src=x onerror="top.__planted='${where}'">`;
export const script = (where: string): string => `<script>${deed(where)}</script>`;
export const link = (where: string): string => `javascript:${deed(where)}`;

/** Notices whatever bait does in a page. */
export class Traps {
  private constructor(private readonly _page: BrowserPage) {
    this._origin = new URL(_page.url()).origin;
  }

  /** Set the traps. What is asked of `ELSEWHERE` is noted and goes nowhere. */
  static async set(page: BrowserPage): Promise<Traps> {
    const traps = new Traps(page);
    const note = (text: string) => void traps._sprung.push(text);
    await page.context().route(`${ELSEWHERE}/**`, route => {
      note(`request to ${route.request().url()} by a ${route.request().resourceType()}`);
      return route.abort();
    });
    page.on('dialog', dialog => {
      note(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('popup', popup => note(`window ${popup.url()}`));
    page.on('domcontentloaded', () => note('page left, or loaded again'));
    page.on('framenavigated', frame => {
      const url = frame.url();
      if (!/^(about|blob):/.test(url) && new URL(url).origin !== traps._origin) {
        note(`frame at ${url}`);
      }
    });
    return traps;
  }

  /** What bait did so far, in words. */
  async sprung(): Promise<string[]> {
    const found = [...this._sprung];
    for (const frame of this._page.frames()) {
      const planted = await frame.evaluate(() => (window as any).__planted as unknown).catch(() => undefined);
      if (planted !== undefined) {
        found.push(`script ${String(planted)} in ${frame.url() || 'a frame'}`);
      }
    }
    return found;
  }

  /** Let bait run at last, as markup: traps that never spring would prove nothing. */
  async prove(): Promise<void> {
    await this._page.evaluate(
      markup => {
        const place = document.createElement('div');
        place.innerHTML = markup;
        document.body.append(place);
      },
      `<img src=x onerror="${deed('bait')};alert('bait')"><iframe srcdoc="${script('frame').replace(/"/g, '&quot;')}">`
    );
    const kinds = [
      /^script bait/,
      /^script frame/,
      /^request to .*\/bait/,
      /^request to .*\/frame/,
      /^dialog bait/
    ];
    const deadline = Date.now() + 15_000;
    for (;;) {
      const sprung = await this.sprung();
      // The frame overwrites what the picture left in the top window, or the other way round.
      const missing = kinds.slice(2).filter(kind => !sprung.some(each => kind.test(each)));
      if (missing.length === 0 && sprung.some(each => kinds[0].test(each) || kinds[1].test(each))) {
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(
          `bait did nothing that is noticed: ${missing.join(', ')}; noticed: ${sprung.join(', ')}`
        );
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  private readonly _origin: string;
  private readonly _sprung: string[] = [];
}
