import { metricChart } from './chart';
import { jobProgress } from './jobs';
import type { IModel, IView, ViewFactory } from './model';
import { Mount } from './mount';
import { trialTable } from './table';

const KINDS: Record<string, ViewFactory> = {
  'job-progress': jobProgress,
  'trial-table': trialTable,
  'metric-chart': metricChart
};

/** The view for the kind of a model; it redraws when the state changes. */
const factory: ViewFactory = (model: IModel, root: HTMLElement): IView => {
  root.className = 'studio-live';
  const view = KINDS[String(model.get('_kind'))](model, root);
  const update = () => view.update();
  model.on('change:_state', update);
  return {
    update,
    dispose: () => {
      model.off('change:_state', update);
      view.dispose();
      root.replaceChildren();
    }
  };
};

/** Views that the host made, by the name of the model's place. */
const made = new Map<string, number>();

/** Tell the kernel how many of them there are: an endless one rests while there is none. */
function tell(model: IModel, change: number): void {
  const place = String(model.get('_place'));
  const count = Math.max(0, (made.get(place) ?? 0) + change);
  made.set(place, count);
  model.send({ kind: 'views', count });
}

/** The module of all widgets as anywidget loads it: once a model, and once a view where the host makes views. */
export default {
  initialize({ model }: { model: IModel }): () => void {
    const mount = new Mount(model, factory);
    return () => mount.dispose();
  },

  render({ model, el }: { model: IModel; el: HTMLElement }): () => void {
    const root = document.createElement('div');
    el.append(root);
    const view = factory(model, root);
    tell(model, 1);
    return () => {
      view.dispose();
      root.remove();
      tell(model, -1);
    };
  }
};
