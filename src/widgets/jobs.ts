import { formatClock, formatNumber, formatTime } from '../shared/format';
import { shapeOf } from '../shared/shapes';
import { copyButton, h, setText, show, sign } from './dom';
import type { IModel, IView } from './model';
import { Pulse, stateOf } from './model';

/** What the kernel says of a job; see `job_state.py`. */
export interface IJobState {
  id: string;
  name: string;
  notebook: string;
  status: string;
  over: boolean;
  gone: boolean;
  stopping: boolean;
  done: number;
  total: number;
  current: number | null;
  label: string;
  message: string;
  created: number;
  started: number | null;
  ended: number | null;
  experiment: string;
  run_id: string | null;
  metrics: [string, number | string | null][];
  more_metrics: number;
  end: {
    message: string;
    next: string;
    cell: number | null;
    source: string;
    traceback: string;
  } | null;
  log: string | null;
  fault: string;
}

export interface IJobsState {
  jobs: IJobState[];
  over: boolean;
  error: string;
}

/** How long a wish may take before the view says that the kernel has not answered, in milliseconds. */
const PATIENCE = 4000;

/** Words for states that people say in another way. */
const WORDS: Record<string, string> = { InProgress: 'Running' };

/** The view of a `JobProgress`. */
export function jobProgress(model: IModel, root: HTMLElement): IView {
  const pulse = new Pulse(model);
  const rows = new Map<string, JobRow>();
  const list = h('div', { class: 'studio-jobs' });
  const note = h('div', { class: 'studio-note', role: 'status' });
  root.append(list, note);

  const update = (): void => {
    const state = stateOf<IJobsState>(model);
    for (const job of state.jobs) {
      let row = rows.get(job.id);
      if (!row) {
        row = new JobRow(model, job.id);
        rows.set(job.id, row);
        list.append(row.node);
      }
      row.update(job, pulse);
    }
    const silent = pulse.silent && !state.over;
    setText(
      note,
      silent
        ? `The kernel does not answer. As of ${formatTime(pulse.last)}.`
        : state.error
    );
    show(note, note.textContent !== '');
  };
  const clock = setInterval(() => {
    if (!stateOf<IJobsState>(model).over && root.isConnected) {
      update();
    }
  }, 1000);
  update();
  return {
    update,
    dispose: () => {
      clearInterval(clock);
      pulse.dispose();
    }
  };
}

/** One job. Its elements stay; only what they say changes, so that nothing jumps and nothing loses the focus. */
class JobRow {
  constructor(
    private readonly _model: IModel,
    private readonly _id: string
  ) {
    const copy = copyButton(_id.slice(0, 8), () => _id, 'Copy the job id');
    this._head.append(
      this._sign,
      this._name,
      this._state,
      this._clock,
      this._log,
      this._stop
    );
    this._confirm.append(
      this._question,
      this._yes,
      h(
        'button',
        { type: 'button', onclick: () => this._ask(false) },
        'Keep running'
      )
    );
    this._confirm.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this._ask(false);
      }
    });
    this._bar.append(this._full);
    this._end.append(this._reason, this._next, this._failure);
    this._failure.append(this._failureTitle, this._source, this._traceback);
    this._about.append(copy, this._experiment, this._run);
    this.node.append(
      this._head,
      this._bar,
      this._confirm,
      this._fault,
      this._metrics,
      this._end,
      this._text,
      this._about
    );
    this._log.addEventListener('click', () => {
      const on = this._log.getAttribute('aria-expanded') !== 'true';
      this._log.setAttribute('aria-expanded', String(on));
      show(this._text, on);
      this._model.send({ kind: 'log', job: this._id, on });
    });
    this._stop.addEventListener('click', () => this._ask(true));
  }

  update(job: IJobState, pulse: Pulse): void {
    const status = job.gone ? 'Stopped' : job.status;
    const shape = shapeOf(status);
    if (this._shape !== shape) {
      this._shape = shape;
      const next = sign(status);
      this._sign.replaceWith(next);
      this._sign = next;
      this.node.className = `studio-job studio-mod-${shape}`;
    }
    setText(this._name, job.name);
    this._name.title = `${job.name}\n${job.notebook}`;
    setText(this._state, describe(job));
    this._state.title = this._state.textContent ?? '';
    const began = job.started;
    const until = job.ended ?? pulse.time;
    setText(this._clock, began === null ? '' : formatClock(until - began));
    this._updateBar(job);
    const ends = !job.over && !job.gone;
    show(this._stop, ends);
    setText(this._stop, job.stopping ? 'Kill' : 'Stop');
    this._stop.title = job.stopping
      ? 'End the job at once'
      : 'Let the job stop';
    setText(this._yes, job.stopping ? 'Kill' : 'Stop');
    setText(
      this._question,
      job.stopping
        ? 'End this job at once? It gets no time to clean up.'
        : 'Stop this job? What it has done so far is kept.'
    );
    if (!ends || job.stopping !== this._wasStopping) {
      this._wasStopping = job.stopping;
      this._answered();
      show(this._confirm, false);
    }
    this._updateFault(job);
    this._updateMetrics(job);
    this._updateEnd(job);
    if (job.log !== null) {
      this._updateLog(job.log);
    }
    setText(this._experiment, job.experiment);
    const run = job.run_id ?? '';
    if (this._runId !== run) {
      this._runId = run;
      this._run.replaceChildren();
      if (run) {
        this._run.append(
          'trial ',
          copyButton(run.slice(0, 8), () => run, 'Copy the run id')
        );
      }
    }
  }

  private _updateBar(job: IJobState): void {
    const part = job.total > 0 ? Math.min(1, job.done / job.total) : 0;
    this._full.style.width = `${100 * part}%`;
    this._bar.setAttribute('aria-valuenow', String(Math.round(100 * part)));
    this._bar.setAttribute(
      'aria-label',
      `${job.name}: ${job.done} of ${job.total} cells`
    );
    show(this._bar, job.total > 0 && !job.over);
  }

  private _updateFault(job: IJobState): void {
    setText(this._fault, job.fault || this._late);
    show(this._fault, this._fault.textContent !== '');
  }

  private _updateMetrics(job: IJobState): void {
    const text = JSON.stringify([job.metrics, job.more_metrics]);
    if (text === this._metricsText) {
      return;
    }
    this._metricsText = text;
    this._metrics.replaceChildren(
      ...job.metrics.map(([name, value]) =>
        h(
          'span',
          { class: 'studio-metric', title: `${name} = ${String(value)}` },
          h('span', { class: 'studio-label' }, name),
          typeof value === 'number' ? formatNumber(value) : (value ?? '')
        )
      ),
      job.more_metrics ? `and ${job.more_metrics} more` : ''
    );
    show(this._metrics, job.metrics.length > 0);
  }

  private _updateEnd(job: IJobState): void {
    show(this._end, job.end !== null);
    if (!job.end) {
      return;
    }
    setText(this._reason, job.end.message);
    setText(this._next, job.end.next);
    show(this._next, job.end.next !== '');
    setText(
      this._failureTitle,
      job.end.cell ? `Cell ${job.end.cell}` : 'Traceback'
    );
    setText(this._source, job.end.source);
    show(this._source, job.end.source !== '');
    setText(this._traceback, job.end.traceback);
    show(this._failure, job.end.traceback !== '' || job.end.source !== '');
  }

  private _updateLog(log: string): void {
    const text = log === '' ? 'Nothing was printed yet.' : log;
    if (this._text.textContent === text) {
      return;
    }
    const atEnd =
      this._text.scrollTop + this._text.clientHeight >=
      this._text.scrollHeight - 4;
    this._text.textContent = text;
    if (atEnd) {
      this._text.scrollTop = this._text.scrollHeight;
    }
  }

  private _ask(on: boolean): void {
    show(this._confirm, on);
    if (on) {
      this._confirm.querySelector('button')?.focus();
    } else {
      this._stop.focus();
    }
  }

  private _sendStop(): void {
    show(this._confirm, false);
    this._model.send({ kind: 'stop', job: this._id });
    clearTimeout(this._waiting);
    if (this._wasStopping) {
      return; // what shows that the kernel has heard a second wish is the end
    }
    this._waiting = setTimeout(() => {
      this._late =
        'The kernel is busy: the job is stopped when it has time, or from the Studio panel now.';
      setText(this._fault, this._late);
      show(this._fault, true);
    }, PATIENCE);
  }

  private _answered(): void {
    clearTimeout(this._waiting);
    this._late = '';
  }

  readonly node = h('div', { class: 'studio-job', role: 'group' });
  private readonly _head = h('div', { class: 'studio-head' });
  private _sign: Element = sign('Pending');
  private readonly _name = h('span', { class: 'studio-name' });
  private readonly _state = h('span', { class: 'studio-state' });
  private readonly _clock = h('span', { class: 'studio-clock' });
  private readonly _log = h(
    'button',
    { type: 'button', 'aria-expanded': 'false' },
    'Log'
  );
  private readonly _stop = h('button', { type: 'button' }, 'Stop');
  private readonly _bar = h('div', {
    class: 'studio-bar',
    role: 'progressbar',
    'aria-valuemin': 0,
    'aria-valuemax': 100
  });
  private readonly _full = h('div', { class: 'studio-full' });
  private readonly _question = h('span', {});
  private readonly _yes = h('button', {
    type: 'button',
    class: 'studio-danger',
    onclick: () => this._sendStop()
  });
  private readonly _confirm = h('div', {
    class: 'studio-confirm',
    role: 'alertdialog',
    'aria-label': 'Stop this job?',
    hidden: true
  });
  private readonly _fault = h('div', {
    class: 'studio-fault',
    role: 'alert',
    hidden: true
  });
  private readonly _metrics = h('div', {
    class: 'studio-metrics',
    hidden: true
  });
  private readonly _end = h('div', { class: 'studio-end', hidden: true });
  private readonly _reason = h('div', { class: 'studio-reason' });
  private readonly _next = h('div', { class: 'studio-next' });
  private readonly _failure = h('details', { open: true });
  private readonly _failureTitle = h('summary', {});
  private readonly _source = h('pre', {});
  private readonly _traceback = h('pre', { tabindex: 0 });
  private readonly _text = h('pre', {
    class: 'studio-log',
    tabindex: 0,
    hidden: true
  });
  private readonly _about = h('div', { class: 'studio-about' });
  private readonly _experiment = h('span', {});
  private readonly _run = h('span', {});
  private _shape = '';
  private _runId = '';
  private _metricsText = '';
  private _late = '';
  private _wasStopping = false;
  private _waiting: ReturnType<typeof setTimeout> | undefined;
}

/** What a job does, in a line. */
export function describe(job: IJobState): string {
  if (job.gone) {
    return 'Deleted';
  }
  const word = WORDS[job.status] ?? job.status;
  if (job.over) {
    return job.total > 0 && job.status !== 'Completed'
      ? `${word}, ${job.done} of ${job.total} cells`
      : word;
  }
  if (job.current !== null && job.total > 0) {
    const cell = `${word}, cell ${job.current} of ${job.total}`;
    return job.label ? `${cell}: ${job.label}` : cell;
  }
  return job.message && !job.message.startsWith(word)
    ? `${word}: ${job.message}`
    : job.message || word;
}
