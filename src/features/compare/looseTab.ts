import { MainAreaWidget } from '@jupyterlab/apputils';
import { Debouncer } from '@lumino/polling';
import type { IViewText } from '../../models/viewText';
import { compareIcon } from '../../shared/icons';
import { CompareContent } from './compareTab';
import type { ICompareParts } from './compareTab';

/** How long changes are gathered until the tab is kept anew, in milliseconds. */
const KEEP = 300;

/** The tab of a comparison that is in no file. `keep`: have JupyterLab's layout keep what it shows now. */
export function createLooseTab(
  id: string,
  source: IViewText,
  parts: ICompareParts,
  keep: (widget: MainAreaWidget<CompareContent>) => Promise<void>
): MainAreaWidget<CompareContent> {
  const { trans } = parts;
  const content = new CompareContent(source, false, parts);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  widget.title.icon = compareIcon;
  widget.title.closable = true;
  const name = () => {
    const model = content.view?.model;
    const count = model?.trials.length ?? 0;
    widget.title.label =
      model?.view.title ||
      (count > 0
        ? trans._n('Compare %1 trial', 'Compare %1 trials', count)
        : trans.__('Compare'));
  };
  name();
  const kept = new Debouncer(() => keep(widget), KEEP);
  widget.disposed.connect(() => kept.dispose());
  source.changed.connect(() => void kept.invoke().catch(() => undefined));
  void content.ready.then(view => {
    view?.model.changed.connect(name);
    // The answer may have been there first.
    name();
  });
  return widget;
}
