import { FakeServer } from '../../__tests__/fakes';
import { FollowModel } from '../followModel';
import { ModelsModel } from '../modelsModel';
import { RegisteredModelModel } from '../registeredModel';

/** Counts its looks. */
class Looks extends FollowModel {
  count = 0;
  /** Ends a look that is under way. */
  finish: (() => void) | null = null;
  isSlow = false;

  constructor() {
    super(1_000, 8_000);
  }

  get isReady(): boolean {
    return this.count > 0;
  }

  protected look(): Promise<void> {
    this.count += 1;
    return this.isSlow
      ? new Promise(resolve => (this.finish = resolve))
      : Promise.resolve();
  }
}

describe('what is followed while somebody looks', () => {
  let isHidden: boolean;

  beforeEach(() => {
    jest.useFakeTimers();
    isHidden = false;
    jest.spyOn(document, 'hidden', 'get').mockImplementation(() => isHidden);
  });

  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  function showPage(isShown: boolean): void {
    isHidden = !isShown;
    document.dispatchEvent(new Event('visibilitychange'));
  }

  describe('FollowModel', () => {
    let model: Looks;

    beforeEach(() => {
      model = new Looks();
    });

    afterEach(() => model.dispose());

    it('rests while the page is hidden, and looks at once when it is back', async () => {
      model.setActive(true);
      await pass(2_500);
      expect(model.count).toBe(3);
      showPage(false);
      await pass(60_000);
      expect(model.count).toBe(3);
      showPage(true);
      await pass(0);
      expect(model.count).toBe(4);
      await pass(1_000);
      expect(model.count).toBe(5);
    });

    it('does not look at all where it is opened in a hidden page', async () => {
      showPage(false);
      model.setActive(true);
      await pass(60_000);
      expect(model.count).toBe(0);
      // Nor where its tab has gone meanwhile.
      model.setActive(false);
      showPage(true);
      await pass(60_000);
      expect(model.count).toBe(0);
    });

    it('ends a look that was under way, and plans no other', async () => {
      model.isSlow = true;
      model.setActive(true);
      showPage(false);
      model.finish!();
      await pass(60_000);
      expect(model.count).toBe(1);
      showPage(true);
      expect(model.count).toBe(2);
    });

    it('hears nothing any more once it is disposed', async () => {
      model.setActive(true);
      await pass(0);
      model.dispose();
      showPage(false);
      showPage(true);
      model.setActive(false);
      model.setActive(true);
      await pass(60_000);
      expect(model.count).toBe(1);
    });
  });

  describe('the models', () => {
    let server: FakeServer;
    let models: ModelsModel;

    beforeEach(() => {
      server = new FakeServer().on('GET models', []);
      models = new ModelsModel(server.client, 1_000);
    });

    afterEach(() => models.dispose());

    const asked = () => server.of('GET models').length;

    it('are asked for once by whoever needs them once', async () => {
      await models.load();
      await pass(60_000);
      expect(asked()).toBe(1);
    });

    it('are followed while one of those that show them is seen', async () => {
      const [list, tab] = [{}, {}];
      server.on(
        'GET models',
        () => new Promise(resolve => setTimeout(() => resolve([]), 5))
      );
      models.setSeen(list, true);
      void models.load(); // As the list does when it is drawn first.
      await pass(5);
      expect(asked()).toBe(1);
      server.on('GET models', []);
      await pass(2_000);
      expect(asked()).toBe(3);
      models.setSeen(tab, true);
      models.setSeen(list, false);
      await pass(1_000);
      expect(asked()).toBe(4);
      models.setSeen(tab, false);
      await pass(60_000);
      expect(asked()).toBe(4);
      models.setSeen(list, true);
      await pass(0);
      expect(asked()).toBe(5);
      showPage(false);
      await pass(60_000);
      expect(asked()).toBe(5);
      showPage(true);
      await pass(0);
      expect(asked()).toBe(6);
    });

    it('go on when the store was away', async () => {
      models.setSeen({}, true);
      server.on('GET models', () => {
        throw new TypeError('no network');
      });
      await pass(1_000);
      expect(models.error).not.toBeNull();
      server.on('GET models', []);
      await pass(1_000);
      expect(models.error).toBeNull();
    });

    it('has the versions read again when its tab is seen again', async () => {
      const one = { name: 'a', aliases: {}, description: '' };
      server
        .on('GET models', [one])
        .on('GET models/a', one)
        .on('GET models/a/versions', { items: [], more: false });
      const model = new RegisteredModelModel(models, 'a');
      model.setActive(true);
      await model.load();
      const read = () => server.of('GET models/a/versions').length;
      const before = read();
      model.setActive(false);
      await pass(60_000);
      expect(read()).toBe(before);
      model.setActive(true);
      await pass(0);
      expect(read()).toBe(before + 1);
      model.dispose();
      const last = asked();
      await pass(60_000);
      expect(asked()).toBe(last);
    });
  });
});
