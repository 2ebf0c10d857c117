import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { LazySection } from '../lazySection';
import { once } from '../once';

const trans = nullTranslator.load('');

/** A section whose body comes when it is told to. */
function makeSection(): {
  section: LazySection;
  asked: () => number;
  come: () => Promise<Widget>;
  fail: () => Promise<void>;
} {
  const waiting: Array<{
    resolve: (body: Widget) => void;
    reject: (reason: Error) => void;
  }> = [];
  let asked = 0;
  const section = new LazySection({
    id: 'a-section',
    label: 'Things',
    makeBody: () => {
      asked++;
      return new Promise((resolve, reject) =>
        waiting.push({ resolve, reject })
      );
    },
    trans
  });
  const settle = async () => {
    await new Promise(resolve => setTimeout(resolve));
    MessageLoop.flush();
  };
  return {
    section,
    asked: () => asked,
    come: async () => {
      const body = new Widget();
      waiting.pop()?.resolve(body);
      await settle();
      return body;
    },
    fail: async () => {
      waiting.pop()?.reject(new Error('ChunkLoadError'));
      await settle();
    }
  };
}

describe('LazySection', () => {
  it('is loaded when it is first seen, and not again', async () => {
    const { section, asked, come } = makeSection();
    section.hide();
    Widget.attach(section, document.body);
    expect(asked()).toBe(0);
    section.show();
    section.hide();
    section.show();
    expect(asked()).toBe(1);
    const body = await come();
    expect(body.isVisible).toBe(true);
    expect(body.hasClass('jp-StudioSection-body')).toBe(true);
    section.hide();
    section.show();
    expect(asked()).toBe(1);
    section.dispose();
    expect(body.isDisposed).toBe(true);
  });

  it('says that it could not be loaded, and tries again when seen again', async () => {
    const { section, asked, come, fail } = makeSection();
    Widget.attach(section, document.body);
    await fail();
    const alert = () => section.node.querySelector('[role="alert"]');
    expect(alert()?.textContent).toContain('could not be loaded');
    section.hide();
    section.show();
    expect(asked()).toBe(2);
    const body = await come();
    expect(alert()).toBeNull();
    expect(body.isVisible).toBe(true);
    section.dispose();
  });

  it('lets go of a body that comes after its end', async () => {
    const { section, come } = makeSection();
    Widget.attach(section, document.body);
    section.dispose();
    expect((await come()).isDisposed).toBe(true);
  });
});

describe('once', () => {
  it('does a task at most once at a time, and again only after it failed', async () => {
    let runs = 0;
    const task = once(async () => {
      runs++;
      await Promise.resolve();
      if (runs === 1) {
        throw new Error('away');
      }
      return runs;
    });
    const [first, second] = await Promise.allSettled([task(), task()]);
    expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
    expect(runs).toBe(1);
    await expect(Promise.all([task(), task()])).resolves.toEqual([2, 2]);
  });
});
