import { formatTime } from '../shared/format';
import { linesOf, tsv } from './chartData';
import type { IChartState } from './chartData';
import { copyButton, h, setText, show } from './dom';
import type { IModel, IView } from './model';
import { Pulse, stateOf } from './model';
import { Panel } from './panel';

/** The view of a `MetricChart`. */
export function metricChart(model: IModel, root: HTMLElement): IView {
  return new Chart(model, root);
}

let charts = 0;

/** One panel a metric, a line a trial; the cursor is shared. */
class Chart implements IView {
  constructor(
    private readonly _model: IModel,
    private readonly _root: HTMLElement
  ) {
    this._axis = this._state.x;
    this._pulse = new Pulse(_model);
    this._tools.append(
      this._axisButton,
      this._logButton,
      copyButton(
        'Copy data',
        () => tsv(this._state),
        'Copy all points that are drawn, as a table',
        ''
      )
    );
    this._root.append(this._tools, this._panels, this._note, this._error);
    this._axisButton.addEventListener('click', () => {
      this._axis = this._axis === 'step' ? 'time' : 'step';
      this.update();
    });
    this._logButton.addEventListener('click', () => {
      this._log = !this._log;
      this._logButton.setAttribute('aria-pressed', String(this._log));
      this.update();
    });
    this._resizes = new ResizeObserver(() => this._resize());
    this._resizes.observe(this._root);
    this._themes = new MutationObserver(() =>
      this._drawn.forEach(panel => panel.redraw())
    );
    this._themes.observe(document.body, {
      attributes: true,
      attributeFilter: ['data-jp-theme-light', 'class']
    });
    this._clock = setInterval(() => this._says(), 5000);
    this.update();
  }

  update(): void {
    const state = this._state;
    setText(this._axisButton, this._axis === 'step' ? 'By step' : 'By time');
    this._axisButton.title =
      this._axis === 'step'
        ? 'Draw over the time since each trial began'
        : 'Draw over the steps';
    const names = new Set(state.metrics.map(metric => metric.name));
    for (const [name, panel] of this._drawn) {
      if (!names.has(name)) {
        panel.dispose();
        this._drawn.delete(name);
      }
    }
    for (const metric of state.metrics) {
      let panel = this._drawn.get(metric.name);
      if (!panel) {
        panel = new Panel(metric.name, this._key);
        this._drawn.set(metric.name, panel);
        this._panels.append(panel.node);
      }
      panel.draw(
        linesOf(state, metric, this._axis, this._log),
        this._axis,
        this._log
      );
    }
    this._panels.classList.toggle('studio-mod-one', state.metrics.length === 1);
    show(this._tools, state.metrics.length > 0);
    this._resize();
    this._says();
  }

  dispose(): void {
    clearInterval(this._clock);
    this._resizes.disconnect();
    this._themes.disconnect();
    this._pulse.dispose();
    this._drawn.forEach(panel => panel.dispose());
    this._drawn.clear();
  }

  private get _state(): IChartState {
    return stateOf<IChartState>(this._model);
  }

  private _resize(): void {
    for (const panel of this._drawn.values()) {
      panel.fit();
    }
  }

  private _says(): void {
    const state = this._state;
    setText(this._note, notes(state, this._log).join(' · '));
    const silent = this._pulse.silent && !state.over;
    setText(
      this._error,
      silent
        ? `The kernel does not answer. As of ${formatTime(this._pulse.last)}.`
        : state.error
    );
    show(this._error, this._error.textContent !== '');
  }

  private readonly _key = `studio-chart-${charts++}`;
  private readonly _tools = h('div', { class: 'studio-tools' });
  private readonly _axisButton = h('button', { type: 'button' });
  private readonly _logButton = h(
    'button',
    { type: 'button', 'aria-pressed': 'false' },
    'Log scale'
  );
  private readonly _panels = h('div', { class: 'studio-panels' });
  private readonly _note = h('div', { class: 'studio-note', role: 'status' });
  private readonly _error = h('div', {
    class: 'studio-fault',
    role: 'alert',
    hidden: true
  });
  private readonly _drawn = new Map<string, Panel>();
  private readonly _pulse: Pulse;
  private readonly _resizes: ResizeObserver;
  private readonly _themes: MutationObserver;
  private readonly _clock: ReturnType<typeof setInterval>;
  private _axis: 'step' | 'time';
  private _log = false;
}

/** What there is to say of a chart. */
export function notes(state: IChartState, log: boolean): string[] {
  const said: string[] = [];
  if (state.metrics.length === 0) {
    if (state.loading) {
      return ['Reading metrics…'];
    }
    return [
      state.over
        ? 'No metrics were logged.'
        : 'No metrics yet. What is logged with mlflow.log_metric or a tracker is drawn here.'
    ];
  }
  if (state.waiting.length > 0 && !state.over) {
    said.push(`Nothing yet of ${state.waiting.join(', ')}`);
  }
  const thinned = state.metrics
    .flatMap(metric => metric.lines)
    .filter(line => line.count > line.value.length);
  if (thinned.length > 0) {
    const most = Math.max(...thinned.map(line => line.count));
    said.push(
      `Up to ${most.toLocaleString()} values a line, thinned out; smallest and largest are kept`
    );
  }
  const gaps = state.metrics.reduce(
    (sum, metric) => sum + metric.not_finite,
    0
  );
  if (gaps > 0) {
    said.push(
      `${gaps.toLocaleString()} values that are NaN or infinite are left out`
    );
  }
  if (log) {
    said.push('Values of 0 and below have no place on a log scale');
  }
  if (state.others.length > 0) {
    const more = state.left_out > 0 ? ` and ${state.left_out} more` : '';
    said.push(
      `Not drawn: ${state.others.join(', ')}${more}; name them with metrics=[…]`
    );
  }
  return said;
}
