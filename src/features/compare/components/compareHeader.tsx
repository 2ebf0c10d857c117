import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, downloadIcon, saveIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect, useRef, useState } from 'react';
import type { CompareModel, IViewTrial } from '../../../models/compareModel';
import { EmptyState } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import type { CompareUi, ShownParts } from '../compareUi';
import type { Shown } from '../deltas';
import type { ViewDrafts } from '../viewDrafts';
import type { ViewFile } from '../viewFile';
import { TrialChips } from './trialChips';

const MAX_TITLE = 250;
const MAX_NOTES = 20_000;

export interface ICompareHeaderProps {
  model: CompareModel;
  file: ViewFile;
  drafts: ViewDrafts;
  ui: CompareUi;
  isFile: boolean;
  commands: CommandRegistry;
  onMenu: (trial: IViewTrial, left: number, top: number) => void;
  trans: TranslationBundle;
}

/** What is compared, and how it is looked at. */
export function CompareHeader(props: ICompareHeaderProps): JSX.Element {
  const { model, file, ui } = props;
  useSignal(model.changed);
  useSignal(file.changed);
  useSignal(ui.changed);
  return (
    <>
      <TitleBar {...props} />
      <Notes {...props} />
      <TrialChips {...props} />
      <Tools {...props} />
      <Notices {...props} />
    </>
  );
}

function TitleBar(props: ICompareHeaderProps): JSX.Element {
  const { model, file, drafts, ui, isFile, commands, trans } = props;
  const { title = '' } = model.view;
  const [text, setText] = useState(title);
  /** What it was when the typing began. */
  const before = useRef<string | null>(null);
  // The space at the end of what is being typed stays.
  useEffect(
    () => setText(now => (now.trim() === title ? now : title)),
    [title]
  );
  const type = (now: string) => {
    setText(now);
    drafts.set({ title: now.trim() });
  };
  const { selected } = model.focus;
  useSignal(model.focus.changed);
  const pair = pairOf(model, selected);
  return (
    <div className="jp-StudioCompare-bar">
      <input
        className="jp-StudioCompare-title"
        aria-label={trans.__('Title')}
        value={text}
        maxLength={MAX_TITLE}
        readOnly={model.isReadOnly}
        placeholder={trans._n(
          'Compare %1 trial',
          'Compare %1 trials',
          model.trials.length
        )}
        spellCheck={false}
        onChange={event => {
          before.current ??= title;
          type(event.target.value);
        }}
        onBlur={() => {
          before.current = null;
          setText(text.trim());
          drafts.flush();
        }}
        onKeyDown={event => {
          if (event.key === 'Escape' && before.current !== null) {
            type(before.current);
          }
          if (isCommand(event)) {
            drafts.flush();
          }
        }}
      />
      <button
        type="button"
        className="jp-StudioButton"
        disabled={model.isReadOnly}
        title={trans.__('Add trials of an experiment')}
        onClick={() => void commands.execute(CommandIDs.addToComparison)}
      >
        <addIcon.react tag="span" className="jp-StudioButton-icon" />
        {trans.__('Add trials')}
      </button>
      <button
        type="button"
        className="jp-StudioButton"
        aria-pressed={ui.isNoting}
        disabled={model.isReadOnly}
        title={trans.__('Write what the comparison shows')}
        // It keeps the keyboard where it is: leaving the notes ends them.
        onMouseDown={event => event.preventDefault()}
        onClick={() => {
          drafts.flush();
          ui.isNoting = !ui.isNoting;
        }}
      >
        {trans.__('Notes')}
      </button>
      <button
        type="button"
        className="jp-StudioButton"
        disabled={pair === null || !commands.hasCommand(CommandIDs.openDiffs)}
        title={trans.__(
          'Show code, environment, data and results of two trials side by side: two that are selected, or the baseline and another'
        )}
        onClick={() =>
          pair &&
          void commands.execute(CommandIDs.openDiffs, {
            first: pair[0],
            second: pair[1]
          })
        }
      >
        {trans.__('Diff')}
      </button>
      <button
        type="button"
        className="jp-StudioButton"
        disabled={!file.isReady}
        title={
          isFile
            ? trans.__('Save the file')
            : trans.__('Save what is compared, and how, as a file')
        }
        onClick={() => void commands.execute(CommandIDs.saveView)}
      >
        <saveIcon.react tag="span" className="jp-StudioButton-icon" />
        {isFile ? trans.__('Save') : trans.__('Save view…')}
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        disabled={model.trials.length === 0}
        title={trans.__('Export as one HTML file that needs no server')}
        aria-label={trans.__('Export as HTML')}
        onClick={() => void commands.execute(CommandIDs.exportView)}
      >
        <downloadIcon.react tag="span" />
      </button>
    </div>
  );
}

/** The two trials that are looked at side by side: two that are selected, else the baseline and one, else the only two. */
export function pairOf(
  model: Pick<CompareModel, 'trials' | 'baseline'>,
  selected: ReadonlySet<string>
): [string, string] | null {
  const ids = model.trials.map(({ id }) => id);
  const chosen = ids.filter(id => selected.has(id));
  if (chosen.length === 2) {
    return [chosen[0], chosen[1]];
  }
  const baseline = model.baseline?.id;
  if (baseline && chosen.length === 1 && chosen[0] !== baseline) {
    return [baseline, chosen[0]];
  }
  if (chosen.length === 0 && ids.length === 2) {
    return baseline === ids[1] ? [ids[1], ids[0]] : [ids[0], ids[1]];
  }
  return null;
}

/** What somebody wrote about the comparison. */
function Notes(props: ICompareHeaderProps): JSX.Element | null {
  const { model, drafts, ui, trans } = props;
  const { notes = '' } = model.view;
  const [draft, setDraft] = useState(notes);
  useEffect(
    () => setDraft(drafts.texts.notes ?? notes),
    [drafts, notes, ui.isNoting]
  );
  const close = () => {
    drafts.flush();
    ui.isNoting = false;
  };
  if (!ui.isNoting) {
    return notes === '' ? null : (
      <div className="jp-StudioCompare-notes">
        <p>{notes}</p>
      </div>
    );
  }
  return (
    <div className="jp-StudioCompare-notes">
      <textarea
        className="jp-StudioInput"
        aria-label={trans.__('Notes')}
        rows={3}
        maxLength={MAX_NOTES}
        value={draft}
        readOnly={model.isReadOnly}
        autoFocus
        onChange={event => {
          setDraft(event.target.value);
          drafts.set({ notes: event.target.value });
        }}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            close();
          } else if (isCommand(event)) {
            drafts.flush();
          }
        }}
        onBlur={close}
      />
    </div>
  );
}

/** Whether a key may save or close the tab: no shortcut begins without one of these. */
function isCommand(event: React.KeyboardEvent): boolean {
  return (
    event.key === 'Enter' || event.ctrlKey || event.metaKey || event.altKey
  );
}

function Tools(props: ICompareHeaderProps): JSX.Element | null {
  const { model, ui, trans } = props;
  const { trials } = model;
  if (trials.length === 0) {
    return null;
  }
  const parts: [ShownParts, string][] = [
    ['table', trans.__('Table')],
    ['charts', trans.__('Charts')],
    ['both', trans.__('Both')]
  ];
  const isOnly = model.view.only_differences ?? true;
  const { comparison } = model;
  const isTable = ui.shown !== 'charts';
  return (
    <div className="jp-StudioCompare-bar jp-StudioCompare-tools">
      <div
        className="jp-StudioSegments"
        role="group"
        aria-label={trans.__('What is shown')}
      >
        {parts.map(([part, label]) => (
          <button
            key={part}
            type="button"
            aria-pressed={ui.shown === part}
            onClick={() => (ui.shown = part)}
          >
            {label}
          </button>
        ))}
      </div>
      <label className="jp-StudioTrials-group">
        {trans.__('Baseline')}
        <select
          className="jp-StudioInput"
          value={model.baseline?.id ?? ''}
          disabled={model.isReadOnly}
          onChange={event =>
            model.update({ baseline: event.target.value || null })
          }
        >
          <option value="">{trans.__('none')}</option>
          {trials.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {isTable && (
        <>
          <button
            type="button"
            className="jp-StudioButton"
            aria-pressed={isOnly}
            disabled={model.isReadOnly}
            title={trans.__('Leave out what is the same in all trials')}
            onClick={() => model.update({ only_differences: !isOnly })}
          >
            {trans.__('Only what differs')}
          </button>
          <label className="jp-StudioTrials-group">
            {trans.__('Metrics')}
            <select
              className="jp-StudioInput"
              value={ui.value}
              onChange={event => (ui.value = event.target.value as Shown)}
            >
              <option value="last">{trans.__('last')}</option>
              <option value="low">{trans.__('smallest')}</option>
              <option value="high">{trans.__('largest')}</option>
            </select>
          </label>
          <input
            type="search"
            className="jp-StudioInput jp-StudioCompare-search"
            aria-label={trans.__('Search rows')}
            placeholder={trans.__('Search rows')}
            value={model.search}
            maxLength={250}
            onChange={event => (model.search = event.target.value)}
          />
          {comparison && (
            <span className="jp-StudioTrials-count" aria-live="polite">
              {model.rows.length < model.rowCount
                ? trans.__(
                    '%1 of %2 rows: search to see others',
                    model.rows.length,
                    model.rowCount
                  )
                : trans._n('%1 row', '%1 rows', model.rows.length)}
            </span>
          )}
        </>
      )}
    </div>
  );
}

function Notices(props: ICompareHeaderProps): JSX.Element {
  const { model, file, commands, trans } = props;
  const { comparison, error, view } = model;
  const missing = comparison?.missing.length ?? 0;
  const isEmpty = file.isReady && (view.sources ?? []).length === 0;
  return (
    <>
      {file.error && (
        <ErrorBanner
          message={file.error.message}
          hint={file.error.hint}
          action={trans.__('Try again')}
          onAction={() => file.retry()}
        />
      )}
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {comparison?.index.phase === 'away' && (
        <ErrorBanner
          message={
            comparison.index.message ||
            trans.__('The tracking store does not answer.')
          }
          hint={
            comparison.index.hint ||
            trans.__('What is shown was read before. It goes on by itself.')
          }
        />
      )}
      {missing > 0 && (
        <p className="jp-StudioCompare-note" role="status">
          {trans._n(
            '%1 trial is not there any more: it was deleted.',
            '%1 trials are not there any more: they were deleted.',
            missing
          )}
          <button
            type="button"
            className="jp-StudioLink"
            disabled={model.isReadOnly}
            onClick={() => model.remove(comparison?.missing ?? [])}
          >
            {trans.__('Take out of the view')}
          </button>
        </p>
      )}
      {comparison && comparison.left_out > 0 && (
        <p className="jp-StudioCompare-note" role="status">
          {trans._n(
            'A comparison takes at most 200 trials: %1 is left out.',
            'A comparison takes at most 200 trials: %1 are left out.',
            comparison.left_out
          )}
        </p>
      )}
      {isEmpty && !file.error && (
        <EmptyState
          message={trans.__(
            'Nothing is compared yet. Select trials in the table of an experiment and compare them, or add some here.'
          )}
          action={trans.__('Add trials')}
          onAction={() => void commands.execute(CommandIDs.addToComparison)}
        />
      )}
      {comparison && !isEmpty && model.trials.length === 0 && missing === 0 && (
        <EmptyState message={trans.__('No trial matches.')} />
      )}
    </>
  );
}
