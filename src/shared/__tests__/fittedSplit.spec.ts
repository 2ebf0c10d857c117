import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { FittedSplit } from '../fittedSplit';

describe('FittedSplit', () => {
  let split: FittedSplit;
  let widgets: Widget[];
  const layOut = () => MessageLoop.flush();
  const rounded = () =>
    split.relativeSizes().map(each => Math.round(each * 100));

  beforeEach(() => {
    split = new FittedSplit({ orientation: 'vertical', spacing: 5 });
    // Nothing is laid out here.
    Object.defineProperty(split.node, 'offsetHeight', { value: 605 });
    for (let count = 0; count < 2; count++) {
      split.addWidget(new Widget());
    }
    widgets = [...split.widgets];
    split.setRelativeSizes([0.7, 0.3]);
    Widget.attach(split, document.body);
    layOut();
  });

  afterEach(() => split.dispose());

  it.each([0, 1])('gives all of them what they had before (%i)', place => {
    expect(rounded()).toEqual([70, 30]);
    for (let turn = 0; turn < 2; turn++) {
      split.showOnly([widgets[place]]);
      layOut();
      expect(rounded()[place]).toBe(100);
      expect(widgets.map(({ isVisible }) => isVisible)).toEqual([
        place === 0,
        place === 1
      ]);
      split.showOnly([widgets[1 - place]]);
      layOut();
      split.showOnly(widgets);
      layOut();
      expect(rounded()).toEqual([70, 30]);
    }
  });
});
