import type { IDocumentManager } from '@jupyterlab/docmanager';
import { ContentsManager, Drive } from '@jupyterlab/services';
import { FakeServer, trans } from '../../../__tests__/fakes';
import { prepareNotebook } from '../prepare';

/** A document manager that has one notebook open. */
function documentsWith(context: unknown): IDocumentManager {
  const widget = context ? {} : undefined;
  return {
    findWidget: () => widget,
    contextForWidget: () => context
  } as unknown as IDocumentManager;
}

describe('prepareNotebook', () => {
  const serverSettings = new FakeServer().settings;
  const contents = new ContentsManager({ serverSettings });
  for (const name of ['RTC', 'Studio']) {
    contents.addDrive(new Drive({ name, serverSettings }));
  }

  afterAll(() => {
    jest.restoreAllMocks();
  });

  it('saves what is changed and gives the path below the root', async () => {
    const model = { dirty: true };
    const save = jest.fn(() => {
      model.dirty = false;
      return Promise.resolve();
    });
    const documents = documentsWith({ ready: Promise.resolve(), model, save });
    await expect(
      prepareNotebook('RTC:work/Untitled.ipynb', documents, contents, trans)
    ).resolves.toBe('work/Untitled.ipynb');
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('does not save what is as it was, nor what is not open', async () => {
    const save = jest.fn();
    const clean = { ready: Promise.resolve(), model: { dirty: false }, save };
    for (const documents of [documentsWith(clean), documentsWith(null)]) {
      await expect(
        prepareNotebook('train.ipynb', documents, contents, trans)
      ).resolves.toBe('train.ipynb');
    }
    expect(save).not.toHaveBeenCalled();
  });

  it('does not run an old version when saving fails', async () => {
    const documents = documentsWith({
      ready: Promise.resolve(),
      model: { dirty: true },
      save: () => Promise.resolve()
    });
    await expect(
      prepareNotebook('train.ipynb', documents, contents, trans)
    ).rejects.toThrow('train.ipynb could not be saved.');
  });

  it('refuses drives that the server cannot read', async () => {
    await expect(
      prepareNotebook('Studio:a/b.ipynb', documentsWith(null), contents, trans)
    ).rejects.toThrow(/Save a copy/);
  });
});
