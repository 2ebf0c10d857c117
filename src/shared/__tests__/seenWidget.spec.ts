import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { SeenWidget } from '../seenWidget';

class Seen extends SeenWidget {
  readonly said: boolean[] = [];

  protected override onSeen(isSeen: boolean): void {
    if (this.said.at(-1) !== isSeen) {
      this.said.push(isSeen);
    }
  }

  protected override render(): null {
    return null;
  }
}

describe('SeenWidget', () => {
  it('hears when it is seen, and when what holds it goes', () => {
    const widget = new Seen();
    const panel = new Panel();
    panel.addWidget(widget);
    expect(widget.said).toEqual([]);
    Widget.attach(panel, document.body);
    MessageLoop.flush();
    panel.hide();
    panel.show();
    expect(widget.said).toEqual([true, false, true]);
    // Hidden where nobody could see it anyway.
    panel.hide();
    widget.hide();
    panel.show();
    expect(widget.said).toEqual([true, false, true, false]);
    widget.show();
    panel.dispose();
    expect(widget.said).toEqual([true, false, true, false, true, false]);
  });

  it('is not seen where it is put into something hidden', () => {
    const widget = new Seen();
    const panel = new Panel();
    panel.hide();
    panel.addWidget(widget);
    Widget.attach(panel, document.body);
    MessageLoop.flush();
    expect(widget.said).toEqual([false]);
    panel.dispose();
  });
});
