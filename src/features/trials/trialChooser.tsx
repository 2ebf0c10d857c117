import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useState } from 'react';
import { asRequestError, isAbort } from '../../client';
import type { StudioClient } from '../../client';
import type { TableRow } from '../../contract';

/** Trials that are offered at once; typing finds others. */
const OFFERED = 100;
/** How long somebody's typing has to rest, in milliseconds. */
const REST = 200;
/** Place of the button that takes the choice. */
const COMPARE = 1;

interface IOffer {
  /** What was typed. */
  text: string;
  rows: readonly TableRow[];
  /** How many match, those that are not offered included. */
  matched: number;
}

export interface IChooserProps {
  client: StudioClient;
  experiment: string;
  /** Run id of the trial that is not offered. */
  except: string;
  onChange: (id: string | null) => void;
  trans: TranslationBundle;
}

/** Trials of an experiment to choose one from: the newest, or those whose name holds what is typed. */
export function Chooser(props: IChooserProps): JSX.Element {
  const { client, experiment, except, onChange, trans } = props;
  const [text, setText] = useState('');
  const [offer, setOffer] = useState<IOffer | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [error, setError] = useState('');
  const noteId = useId();
  useEffect(() => {
    const abort = new AbortController();
    const timer = window.setTimeout(
      () => {
        client.trials
          .table(
            {
              experiment,
              columns: ['name', 'started'],
              filter: filterOf(text, except),
              limit: OFFERED
            },
            abort.signal
          )
          .then(
            ({ rows, matched }) => {
              setOffer({ text, rows, matched });
              setError('');
            },
            reason => {
              if (!isAbort(reason)) {
                setError(asRequestError(reason).message);
              }
            }
          );
      },
      text === '' ? 0 : REST
    );
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [client, experiment, except, text]);
  const rows = offer?.rows ?? [];
  const first = rows[0]?.id ?? null;
  const value = rows.some(({ id }) => id === chosen) ? chosen : first;
  // What is offered for an older text is nobody's choice.
  const isOld = !offer || offer.text !== text;
  useEffect(() => onChange(isOld ? null : value), [onChange, value, isOld]);
  return (
    <>
      <input
        type="search"
        className="jp-StudioInput"
        value={text}
        maxLength={250}
        aria-label={trans.__('Some of the name or run id')}
        placeholder={trans.__('Some of the name or run id')}
        aria-describedby={noteId}
        onChange={event => setText(event.target.value)}
      />
      <select
        className="jp-StudioInput jp-StudioTrialChooser-list"
        size={12}
        aria-label={trans.__('Trials')}
        value={value ?? ''}
        onChange={event => setChosen(event.target.value)}
      >
        {rows.map(({ id, values }) => (
          <option key={id} value={id}>
            {`${String(values[0] ?? '')} · ${id.slice(0, 8)}`}
          </option>
        ))}
      </select>
      <p id={noteId} className="jp-StudioTrialChooser-note" role="status">
        {error ||
          (isOld ? trans.__('Searching…') : noteOf(offer, experiment, trans))}
      </p>
    </>
  );
}

function noteOf(
  { text, rows, matched }: IOffer,
  experiment: string,
  trans: TranslationBundle
): string {
  if (rows.length === 0) {
    return text.trim()
      ? trans.__('No trial is called so.')
      : trans.__('%1 has no other trial.', experiment);
  }
  return matched > rows.length
    ? trans.__(
        'The newest %1 of %2: type some of the name to find others.',
        rows.length,
        matched.toLocaleString()
      )
    : trans._n('%1 trial', '%1 trials', matched);
}

/** Trials that a text finds, in the filter language. */
export function filterOf(text: string, except: string): string {
  const others = `run_id != ${quoted(except)}`;
  const wanted = text.trim();
  return wanted
    ? `(name ~ ${quoted(wanted)} or run_id ~ ${quoted(wanted)}) and ${others}`
    : others;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

class ChooserBody extends ReactWidget {
  constructor(private readonly _props: Omit<IChooserProps, 'onChange'>) {
    super();
    this.addClass('jp-StudioTrialChooser');
  }

  getValue(): string | null {
    return this._chosen;
  }

  protected render(): JSX.Element {
    return <Chooser {...this._props} onChange={this._choose} />;
  }

  private readonly _choose = (id: string | null): void => {
    this._chosen = id;
    const accept = this.node
      .closest('.jp-Dialog')
      ?.querySelector('button.jp-mod-accept');
    if (accept instanceof HTMLButtonElement) {
      accept.disabled = id === null;
    }
  };
  private _chosen: string | null = null;
}

/** Stays open while nothing is offered for what was typed: Enter is pressed early. */
class ChooserDialog extends Dialog<string | null> {
  constructor(
    options: Partial<Dialog.IOptions<string | null>>,
    private readonly _chooser: ChooserBody
  ) {
    super({ ...options, body: _chooser });
  }

  override resolve(index = COMPARE): void {
    if (index !== COMPARE || this._chooser.getValue() !== null) {
      super.resolve(index);
    }
  }
}

/** Ask for a trial; null: none was chosen. */
export async function chooseTrial(
  options: Omit<IChooserProps, 'onChange'> & { title: string }
): Promise<string | null> {
  const { title, trans, ...rest } = options;
  const dialog = new ChooserDialog(
    {
      title,
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: trans.__('Compare') })
      ],
      focusNodeSelector: 'input'
    },
    new ChooserBody({ ...rest, trans })
  );
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}
