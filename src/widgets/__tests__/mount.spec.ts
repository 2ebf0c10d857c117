import type { IModel, IView } from '../model';
import { Mount } from '../mount';
import { FakeModel } from './fakeModel';

const picture = (name = 'studio-place-1') => {
  const place = document.createElement('div');
  place.className = `studio-widget ${name}`;
  place.textContent = 'picture';
  document.body.append(place);
  return place;
};

/** What a mutation observer needs to be called. */
const settle = () => new Promise(resolve => setTimeout(resolve, 0));

let views: { root: HTMLElement; disposed: boolean }[] = [];

function factory(_model: IModel, root: HTMLElement): IView {
  const view = { root, disposed: false };
  views.push(view);
  root.textContent = 'live';
  return { update: () => undefined, dispose: () => (view.disposed = true) };
}

describe('Mount', () => {
  let mount: Mount | undefined;

  beforeEach(() => {
    views = [];
    document.body.replaceChildren();
  });
  afterEach(() => mount?.dispose());

  it('takes the place of a picture that is there, and of one that comes later', async () => {
    const first = picture();
    mount = new Mount(new FakeModel(), factory);
    expect(first.textContent).toBe('live');
    const second = picture();
    const other = picture('studio-place-2');
    await settle();
    expect(second.textContent).toBe('live');
    expect(other.textContent).toBe('picture');
    expect(views).toHaveLength(2);
  });

  it('moves with its state when the picture is replaced', async () => {
    const first = picture();
    mount = new Mount(new FakeModel(), factory);
    views[0].root.textContent = 'live, changed';
    first.remove();
    const second = picture();
    await settle();
    expect(second.textContent).toBe('live, changed');
    expect(views).toHaveLength(1);
  });

  it('puts the picture back at the end', () => {
    const place = picture();
    const model = new FakeModel();
    mount = new Mount(model, factory);
    mount.dispose();
    expect(place.textContent).toBe('picture');
    expect(views[0].disposed).toBe(true);
    expect(model.listeners).toBe(0);
  });

  it('ends with its comm', () => {
    const place = picture();
    const model = new FakeModel();
    mount = new Mount(model, factory);
    model.trigger('comm_live_update');
    expect(place.textContent).toBe('picture');
  });

  it.each([
    { isDisposed: true },
    { isDisposed: false, context: { isDisposed: true } },
    { isDisposed: false, kernel: null }
  ])('ends with its notebook or kernel: %j', async manager => {
    const place = picture();
    const model = new FakeModel();
    model.widget_manager = {
      isDisposed: false,
      context: { isDisposed: false },
      kernel: {}
    };
    mount = new Mount(model, factory);
    expect(place.textContent).toBe('live');
    model.widget_manager = manager;
    picture('studio-place-3');
    await settle();
    expect(place.textContent).toBe('picture');
  });

  it('gives way to the model that a notebook made anew', () => {
    const place = picture();
    const earlier = new Mount(new FakeModel(), factory);
    mount = new Mount(new FakeModel(), factory);
    expect(views.map(view => view.disposed)).toEqual([true, false]);
    earlier.dispose();
    expect(place.textContent).toBe('live');
  });

  it('tells the kernel that it is seen, and after a while that it is not', async () => {
    jest.useFakeTimers();
    const place = picture();
    const model = new FakeModel();
    mount = new Mount(model, factory);
    expect(model.sent).toEqual([{ kind: 'views', count: 1 }]);
    place.remove();
    mount.look();
    jest.advanceTimersByTime(5000);
    document.body.append(place);
    mount.look();
    jest.advanceTimersByTime(60_000);
    expect(model.sent).toHaveLength(1);
    place.remove();
    mount.look();
    for (let seconds = 0; seconds < 20; seconds++) {
      jest.advanceTimersByTime(1000);
      mount.look(); // something else changes in the page all the time
    }
    expect(model.sent[1]).toEqual({ kind: 'views', count: 0 });
    jest.useRealTimers();
  });

  it('keeps few views that are nowhere', async () => {
    const model = new FakeModel();
    mount = new Mount(model, factory);
    const places = Array.from({ length: 10 }, () => picture());
    mount.look();
    expect(views).toHaveLength(10);
    places.slice(1).forEach(place => place.remove());
    mount.look();
    expect(views.filter(view => !view.disposed)).toHaveLength(5);
    expect(model.sent.at(-1)).toEqual({ kind: 'views', count: 1 });
  });
});
