import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

/** Notebooks that the tests put on the server. */

export interface ICell {
  cell_type: 'code' | 'markdown';
  source: string;
  metadata?: Record<string, unknown>;
}

/** A code cell. */
export const code = (source: string): ICell => ({ cell_type: 'code', source });

/** The cell whose values a job may replace. */
export const parameters = (source: string): ICell => ({
  cell_type: 'code',
  source,
  metadata: { tags: ['parameters'] }
});

/** Text of a notebook file for the Python kernel. */
export function notebook(...cells: ICell[]): string {
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' },
      language_info: { name: 'python' }
    },
    cells: cells.map((cell, index) => ({
      id: `cell-${index}`,
      metadata: {},
      ...cell,
      ...(cell.cell_type === 'code' ? { outputs: [], execution_count: null } : {})
    }))
  });
}

/**
 * A code cell that goes on until the file `name` appears in the notebook's folder on the server:
 * a test decides when the job moves, instead of racing it.
 */
export const waitFor = (path: string, label = 'Wait'): ICell =>
  code(`# ${label}
import pathlib, time
while not pathlib.Path(${JSON.stringify(path)}).exists():
    time.sleep(0.05)`);

/**
 * Save the notebook in front, close it, end its kernel: in one turn, as its widgets may change it again at once, and then
 * JupyterLab asks whether to save.
 */
export async function saveAndClose(page: IJupyterLabPageFixture): Promise<void> {
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell.currentWidget as any;
    await panel.context.save();
    panel.close();
    await window.jupyterapp.serviceManager.sessions.shutdownAll();
  });
}

/** Run a cell of the notebook in front, once its kernel is there. */
export async function runCell(page: IJupyterLabPageFixture, index: number): Promise<void> {
  await page.evaluate(async index => {
    const panel = window.jupyterapp.shell.currentWidget as any;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
  }, index);
}
