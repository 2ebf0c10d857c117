import { readFileSync } from 'node:fs';
import type { Locator } from '@playwright/test';
import type { AxeResults, ElementContext, RunOptions } from 'axe-core';
import type { Page } from './fixtures';

declare const axe: { run(context: ElementContext, options: RunOptions): Promise<AxeResults> };

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds serious or worse below an element, one line a finding.
 *
 * JupyterLab's own toolbar buttons are left out: they are an element of its toolkit that carries ARIA
 * attributes beside the real button in its shadow tree.
 */
export async function findings(page: Page, where: Locator): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.addScriptTag({ content: AXE });
  }
  return where.evaluate(async node => {
    const { violations } = await axe.run({ include: node, exclude: ['jp-button'] } as ElementContext, {
      resultTypes: ['violations']
    });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, any }) => `${id}: ${help}: ${any[0]?.message ?? ''} ${html.slice(0, 200)}`)
      );
  });
}
