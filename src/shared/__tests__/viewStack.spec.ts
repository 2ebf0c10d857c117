import { Panel, Widget } from '@lumino/widgets';
import { ViewStack } from '../viewStack';

class Stack extends ViewStack<'one' | 'two'> {
  readonly made: string[] = [];
  /** What was seen whenever it was to be followed. */
  readonly followed: string[] = [];

  constructor() {
    super('one');
    this.open(new Widget());
  }

  protected create(name: 'one' | 'two'): Widget {
    this.made.push(name);
    return new Widget();
  }

  protected labelOf(name: string): string {
    return `The ${name}`;
  }

  protected follow(): void {
    this.followed.push(this.isVisible ? this.tab : 'nothing');
  }
}

describe('ViewStack', () => {
  let stack: Stack;
  let panel: Panel;

  beforeEach(() => {
    stack = new Stack();
    panel = new Panel();
    panel.addWidget(stack);
    Widget.attach(panel, document.body);
  });

  afterEach(() => panel.dispose());

  const views = () => [...stack.node.querySelectorAll('[role="tabpanel"]')];
  const shown = () =>
    views()
      .filter(node => !node.classList.contains('lm-mod-hidden'))
      .map(node => node.getAttribute('aria-label'));

  it('makes a view when it is first shown, and keeps it', () => {
    expect(stack.made).toEqual(['one']);
    expect(shown()).toEqual(['The one']);
    const told: string[] = [];
    stack.tabChanged.connect((_, name) => told.push(name));
    stack.showTab('two');
    expect(shown()).toEqual(['The two']);
    stack.showTab('one');
    stack.showTab('two');
    expect(stack.made).toEqual(['one', 'two']);
    expect(stack.tab).toBe('two');
    expect(told).toEqual(['two', 'one', 'two']);
  });

  it('follows what is seen', () => {
    expect(stack.followed.at(-1)).toBe('one');
    stack.showTab('two');
    expect(stack.followed.at(-1)).toBe('two');
    panel.hide();
    expect(stack.followed.at(-1)).toBe('nothing');
    stack.showTab('one');
    expect(stack.followed.at(-1)).toBe('nothing');
    panel.show();
    expect(stack.followed.at(-1)).toBe('one');
  });
});
