import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useRef, useState } from 'react';
import { isAbort } from '../../../client';
import type { TrialsClient } from '../../../client';
import type { Completion, FilterCheck } from '../../../contract';
import { rebase, splice, toCharacters, toUnits } from '../filterText';

/** How long typing rests before the server is asked, in milliseconds. */
const DEBOUNCE = 120;

export interface IFilterBoxProps {
  client: TrialsClient;
  experiment: string;
  /** The filter that applies now. */
  applied: string;
  onApply: (filter: string) => void;
  trans: TranslationBundle;
}

/** Where a filter is typed: with completion, and what is wrong below it. */
export function FilterBox(props: IFilterBoxProps): JSX.Element {
  const { applied, client, experiment, onApply, trans } = props;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  /** Grows with every change: an answer for an older text counts no more. */
  const turn = useRef(0);
  const [text, setText] = useState(applied);
  const [check, setCheck] = useState<FilterCheck | null>(null);
  /** The text that it is about. */
  const [checked, setChecked] = useState('');
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [isJudged, setIsJudged] = useState(false);
  const [caret, setCaret] = useState<number | null>(null);
  const [scroll, setScroll] = useState(0);

  useEffect(() => {
    setText(applied);
    setIsJudged(false);
  }, [applied]);

  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      const cursor = toCharacters(
        text,
        input.current?.selectionStart ?? text.length
      );
      client
        .check({ filter: text, experiment, cursor }, abort.signal)
        .then(answer => {
          setCheck(answer);
          setChecked(text);
          setActive(-1);
        })
        .catch(reason => {
          if (!isAbort(reason)) {
            setCheck(null);
          }
        });
    }, DEBOUNCE);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [client, experiment, text, isOpen, caret]);

  // The caret goes behind what was put in, once it is there.
  useEffect(() => {
    if (caret !== null) {
      input.current?.setSelectionRange(caret, caret);
    }
  }, [caret, text]);

  // Those for an older text stay until the answer, for the word that is being typed.
  const options = isOpen ? rebase(check?.completions ?? [], checked, text) : [];
  const error = isJudged ? (check?.error ?? null) : null;
  const note = !error && !isOpen ? check?.notes[0] : undefined;

  async function apply(): Promise<void> {
    setIsOpen(false);
    const asked = ++turn.current;
    try {
      const answer = await client.check({ filter: text, experiment });
      if (asked !== turn.current) {
        return;
      }
      setCheck(answer);
      setChecked(text);
      setIsJudged(answer.error !== null);
      if (!answer.error) {
        onApply(text.trim());
      }
    } catch {
      // Without an answer the table itself says what is wrong.
      if (asked === turn.current) {
        onApply(text.trim());
      }
    }
  }

  function accept(option: Completion): void {
    const next = splice(
      text,
      toUnits(text, option.start),
      toUnits(text, option.end),
      option.text
    );
    setText(next.text);
    setCaret(next.caret);
    setActive(-1);
    // What could stand there before cannot now.
    setCheck(null);
    input.current?.focus();
  }

  function revert(): void {
    // They may be hidden until the answer for what is typed.
    if (isOpen && check && check.completions.length > 0) {
      setIsOpen(false);
    } else {
      setText(applied);
      setIsJudged(false);
      setIsOpen(false);
    }
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    const count = options.length;
    const step = event.key === 'ArrowDown' ? 1 : -1;
    if (event.key === 'Enter') {
      if (active >= 0 && active < count) {
        accept(options[active]);
      } else {
        void apply();
      }
    } else if (
      event.key === 'Tab' &&
      active >= 0 &&
      active < count &&
      !event.shiftKey
    ) {
      accept(options[active]);
    } else if (event.key === 'Escape') {
      revert();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (count > 0) {
        const next = active < 0 && step < 0 ? count - 1 : active + step;
        setActive((next + count) % count);
      } else {
        setIsOpen(true);
      }
    } else if (event.key === ' ' && event.ctrlKey) {
      setIsOpen(true);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="jp-StudioFilter">
      <div className="jp-StudioFilter-field">
        {error && (
          <div className="jp-StudioFilter-marks" aria-hidden="true">
            <span style={{ marginLeft: -scroll }}>
              {text.slice(0, toUnits(text, error.start))}
              <mark>
                {text.slice(
                  toUnits(text, error.start),
                  toUnits(text, error.end)
                ) || ' '}
              </mark>
            </span>
          </div>
        )}
        <input
          ref={input}
          className="jp-StudioInput jp-mod-code"
          type="text"
          role="combobox"
          aria-label={trans.__('Filter trials')}
          aria-autocomplete="list"
          aria-expanded={options.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={
            active >= 0 && active < options.length
              ? `${id}-${active}`
              : undefined
          }
          aria-invalid={error !== null}
          aria-describedby={error ? `${id}-error` : undefined}
          placeholder={trans.__(
            'Filter: metrics.rmse < 50000 and params.lr < 0.1, or a text in quotes: "resnet"'
          )}
          spellCheck={false}
          autoComplete="off"
          maxLength={10_000}
          value={text}
          onChange={event => {
            turn.current++;
            setText(event.target.value);
            setCaret(null);
            setIsOpen(true);
          }}
          onClick={() => setIsOpen(true)}
          onBlur={() => {
            setIsOpen(false);
            setIsJudged(check?.error !== null && text !== applied);
          }}
          onScroll={event => setScroll(event.currentTarget.scrollLeft)}
          onKeyDown={onKeyDown}
        />
        {(applied !== '' || text !== '') && (
          <button
            type="button"
            className="jp-StudioFilter-clear"
            title={trans.__('Clear the filter')}
            aria-label={trans.__('Clear the filter')}
            onClick={() => {
              turn.current++;
              setText('');
              setIsJudged(false);
              onApply('');
            }}
          >
            ×
          </button>
        )}
      </div>
      {options.length > 0 && (
        <ul
          className="jp-StudioFilter-list"
          role="listbox"
          id={`${id}-list`}
          aria-label={trans.__('What can stand here')}
        >
          {options.map((option, index) => (
            <li
              key={`${option.start} ${option.text}`}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              ref={node => {
                if (index === active) {
                  node?.scrollIntoView?.({ block: 'nearest' });
                }
              }}
              onMouseDown={event => {
                event.preventDefault();
                accept(option);
              }}
            >
              <span className="jp-StudioFilter-label">{option.label}</span>
              <span className="jp-StudioFilter-detail">{option.detail}</span>
            </li>
          ))}
        </ul>
      )}
      {error && (
        <div id={`${id}-error`} className="jp-StudioFilter-error" role="alert">
          {error.message} {error.hint}
        </div>
      )}
      {note && (
        <div className="jp-StudioFilter-note" role="status">
          {note.message} {note.hint}
        </div>
      )}
    </div>
  );
}
