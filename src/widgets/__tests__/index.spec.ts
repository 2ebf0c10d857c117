import widgets from '../index';
import { FakeModel } from './fakeModel';

jest.mock('uplot', () => class {});

const model = () =>
  new FakeModel({
    _kind: 'job-progress',
    _state: { jobs: [], over: true, error: 'away' }
  });

describe('the module', () => {
  it('makes a view where a host asks for one, and tells how many there are', () => {
    const one = model();
    const element = document.createElement('div');
    const endFirst = widgets.render({ model: one, el: element });
    const endSecond = widgets.render({ model: one, el: element });
    expect(element.querySelectorAll('.studio-live')).toHaveLength(2);
    one.set('_state', { jobs: [], over: true, error: 'back' });
    expect(element.textContent).toBe('backback');
    endFirst();
    endSecond();
    expect(element.childElementCount).toBe(0);
    expect(one.sent).toEqual(
      [1, 2, 1, 0].map(count => ({ kind: 'views', count }))
    );
    expect(one.listeners).toBe(0);
  });

  it('goes where the picture is, without a view of the host', () => {
    const one = model();
    const place = document.createElement('div');
    place.className = 'studio-widget studio-place-1';
    document.body.append(place);
    const end = widgets.initialize({ model: one });
    expect(place.querySelector('.studio-live')).toBeTruthy();
    end();
    expect(place.querySelector('.studio-live')).toBeNull();
    expect(one.listeners).toBe(0);
  });
});
