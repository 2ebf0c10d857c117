import { THEME_MESSAGE } from '../../shared/themeMessage';
import { followTheme } from '../theme';

describe('The theme of a report', () => {
  let isDark: boolean;
  let parent: { postMessage: jest.Mock };
  let end: () => void;

  const light = () => document.body.dataset.jpThemeLight;
  const say = (data: unknown, source: unknown = window.parent) =>
    window.dispatchEvent(
      Object.defineProperty(new MessageEvent('message', { data }), 'source', {
        value: source
      })
    );

  beforeEach(() => {
    isDark = true;
    window.matchMedia = ((query: string) => ({
      matches: query.includes('dark') && isDark,
      addEventListener: () => undefined,
      removeEventListener: () => undefined
    })) as unknown as typeof window.matchMedia;
    parent = { postMessage: jest.fn() };
    jest
      .spyOn(window, 'parent', 'get')
      .mockReturnValue(parent as unknown as Window);
    end = followTheme(document.body);
  });

  afterEach(() => {
    end();
    jest.restoreAllMocks();
  });

  it('is what the system prefers, until the page around says another', () => {
    expect(light()).toBe('false');
    expect(parent.postMessage).toHaveBeenCalledWith(
      { type: THEME_MESSAGE },
      '*'
    );
    say({ type: THEME_MESSAGE, isLight: true });
    expect(light()).toBe('true');
    say({ type: THEME_MESSAGE, isLight: false });
    expect(light()).toBe('false');
  });

  it('listens to nobody else, and to nothing else', () => {
    say({ type: THEME_MESSAGE, isLight: true }, {});
    say({ type: 'other', isLight: true });
    say({ type: THEME_MESSAGE, isLight: 'yes' });
    say(null);
    expect(light()).toBe('false');
  });
});
