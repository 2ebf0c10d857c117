import type { IStateDB } from '@jupyterlab/statedb';
import type { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { AccordionPanel } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';
import type { IStudioPanel } from '../../tokens';

/** Where the state of sections is kept. */
const STATE = 'studio-panel:sections';

/** Collapsible sections that remember whether they are open. */
export class StudioPanel extends SidePanel implements IStudioPanel {
  constructor(
    translator: ITranslator,
    private readonly _state: IStateDB | null
  ) {
    super({ translator });
    this.addClass('jp-StudioPanel');
    if (this.content instanceof AccordionPanel) {
      this.content.expansionToggled.connect(() => {
        void this._save();
      });
    }
    this._restored = this._state?.fetch(STATE) ?? Promise.resolve(undefined);
  }

  addSection(section: Widget, rank: number): void {
    let index = this._ranks.findIndex(other => other > rank);
    index = index < 0 ? this._ranks.length : index;
    this._ranks.splice(index, 0, rank);
    this.insertWidget(index, section);
    this._sort();
    void this._restore(section);
  }

  /**
   * Put the nodes in the order in which the sections are seen: the layout
   * appends each, and the keyboard and screen readers follow the nodes.
   */
  private _sort(): void {
    const { content } = this;
    if (content instanceof AccordionPanel) {
      content.widgets.forEach((section, index) => {
        content.node.append(content.titles[index], section.node);
      });
    }
  }

  private async _restore(section: Widget): Promise<void> {
    const closed = await this._restored;
    const { content } = this;
    if (
      content instanceof AccordionPanel &&
      Array.isArray(closed) &&
      closed.includes(section.id)
    ) {
      content.collapse(content.widgets.indexOf(section));
    }
  }

  private async _save(): Promise<void> {
    const { content } = this;
    if (content instanceof AccordionPanel) {
      const closed = content.widgets.filter(
        (_, index) =>
          content.titles[index]?.getAttribute('aria-expanded') === 'false'
      );
      await this._state?.save(
        STATE,
        closed.map(section => section.id)
      );
    }
  }

  private readonly _ranks: number[] = [];
  private readonly _restored: Promise<unknown>;
}
