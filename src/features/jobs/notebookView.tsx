import type * as nbformat from '@jupyterlab/nbformat';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import React from 'react';
import { asRequestError } from '../../client';
import { drivePath } from '../../client/outputDrive';
import type { JobModel } from '../../models/jobModel';
import { EmptyState } from '../../shared/emptyState';
import { ErrorBanner } from '../../shared/errorBanner';
import { ReadOnlyNotebook } from '../../shared/readOnlyNotebook';
import type { INotebookParts } from '../../shared/readOnlyNotebook';
import { useSignal } from '../../shared/useSignal';
import { CommandIDs } from '../../tokens';
import { hasOutput } from './words';

/** Least time between two reads while the job runs, in milliseconds. */
const THROTTLE = 2_000;

export interface INotebookViewOptions {
  model: JobModel;
  contents: Contents.IManager;
  commands: CommandRegistry;
  parts: INotebookParts | null;
  trans: TranslationBundle;
}

/**
 * The executed notebook as it is now: read-only, untrusted, without a kernel.
 * It is read again while the job writes it.
 */
export class NotebookView extends Widget {
  constructor(private readonly _options: INotebookViewOptions) {
    super();
    this.addClass('jp-StudioNotebook');
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(
      ReactWidget.create(<Bar view={this} options={this._options} />)
    );
    this._refresh = new Throttler(() => this._read(), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    _options.model.changed.connect(this._onChanged, this);
  }

  /** Emitted when the message above the notebook changes. */
  readonly stateChanged = new Signal<this, void>(this);

  get message(): string {
    return this._message;
  }

  get isDrawn(): boolean {
    return this._notebook !== null;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._options.model.changed.disconnect(this._onChanged, this);
    this._refresh.dispose();
    this._notebook?.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterShow(): void {
    this._onChanged();
  }

  protected override onAfterAttach(): void {
    this._onChanged();
  }

  private _onChanged(): void {
    const { job } = this._options.model;
    if (!this.isVisible || !job || !hasOutput(job)) {
      return;
    }
    const version = `${job.status}/${job.progress.done}`;
    if (version === this._version) {
      return;
    }
    this._version = version;
    if (this._notebook) {
      void this._refresh.invoke().catch(() => undefined);
    } else {
      void this._read();
    }
  }

  private async _read(): Promise<void> {
    const { model, contents } = this._options;
    const path = model.job?.content_path;
    if (!path || this.isDisposed) {
      return;
    }
    try {
      const file = await contents.get(drivePath(path), {
        content: true,
        type: 'notebook'
      });
      if (!this.isDisposed) {
        this._draw(file.content as nbformat.INotebookContent);
        this._message = '';
      }
    } catch (reason) {
      this._version = '';
      this._message = asRequestError(reason).message;
    }
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private _draw(content: nbformat.INotebookContent): void {
    const { parts } = this._options;
    if (!parts) {
      return;
    }
    if (this._notebook) {
      this._notebook.update(content);
    } else {
      this._notebook = new ReadOnlyNotebook(parts, content);
      (this.layout as PanelLayout).addWidget(this._notebook.widget);
    }
  }

  private _message = '';
  private _notebook: ReadOnlyNotebook | null = null;
  private readonly _refresh: Throttler;
  private _version = '';
}

function Bar(props: {
  view: NotebookView;
  options: INotebookViewOptions;
}): JSX.Element {
  const { view, options } = props;
  const { model, commands, trans } = options;
  useSignal(model.changed);
  useSignal(view.stateChanged);
  const { job } = model;
  if (!job || !hasOutput(job)) {
    return (
      <EmptyState
        message={trans.__(
          'The output notebook appears when the first cell runs.'
        )}
      />
    );
  }
  const run = (id: string) => void commands.execute(id, { id: job.id });
  return (
    <>
      {view.message && <ErrorBanner message={view.message} />}
      <div className="jp-StudioNotebook-bar">
        <span>
          {trans.__(
            'What the job wrote: read-only, untrusted, without a kernel.'
          )}
        </span>
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() => run(CommandIDs.openOutput)}
        >
          {trans.__('Open in its own tab')}
        </button>
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() => run(CommandIDs.saveCopy)}
        >
          {trans.__('Save a copy')}
        </button>
      </div>
    </>
  );
}
