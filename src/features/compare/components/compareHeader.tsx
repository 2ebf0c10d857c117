import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, downloadIcon, saveIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect, useRef, useState } from 'react';
import type { CompareModel, IViewTrial } from '../../../models/compareModel';
import { useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import type { CompareUi, ShownParts } from '../compareUi';
import type { Shown } from '../deltas';
import type { ViewDrafts } from '../viewDrafts';
import type { ViewFile } from '../viewFile';
import { CompareNotices } from './compareNotices';
import { TrialChips } from './trialChips';
import { ViewNotes, isCommand } from './viewNotes';

const MAX_TITLE = 250;

export interface ICompareHeaderProps {
  model: CompareModel;
  file: ViewFile;
  drafts: ViewDrafts;
  ui: CompareUi;
  isFile: boolean;
  commands: CommandRegistry;
  /** Null where Markdown cannot be drawn. */
  rendermime: IRenderMimeRegistry | null;
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
      <ViewNotes {...props} />
      <TrialChips {...props} />
      <Tools {...props} />
      <CompareNotices {...props} />
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
