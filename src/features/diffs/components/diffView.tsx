import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import React, { useRef } from 'react';
import type { DiffPart } from '../../../contract';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { useSignal } from '../../../shared/useSignal';
import { PARTS } from '../diffArgs';
import type { DiffModel, IAnswer } from '../diffModel';
import { ArtifactsSection } from './artifactsSection';
import { CodeSection } from './codeSection';
import { DataSection } from './dataSection';
import { EnvironmentSection } from './environmentSection';
import { NotebookSection } from './notebookSection';

export interface IDiffViewProps {
  model: DiffModel;
  trans: TranslationBundle;
}

/** Two trials side by side: which they are, and one part of what differs. */
export function DiffView(props: IDiffViewProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const body = useRef<HTMLDivElement>(null);
  const { section } = model;
  const label = partLabels(trans)[section];
  const onKeyDown = (event: React.KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)
    ) {
      return;
    }
    if (event.key === 'n' || event.key === 'p') {
      event.preventDefault();
      step(body.current, event.key === 'n' ? 1 : -1);
    }
  };
  return (
    <div className="jp-StudioDiffs-view" onKeyDown={onKeyDown}>
      <header className="jp-StudioDiffs-head">
        <div className="jp-StudioDiffs-sides">
          <SideChoice model={model} side="first" trans={trans} />
          <button
            type="button"
            className="jp-StudioButton"
            title={trans.__('Swap the sides')}
            aria-label={trans.__('Swap the sides')}
            onClick={() => model.swap()}
          >
            ⇄
          </button>
          <SideChoice model={model} side="second" trans={trans} />
          <span className="jp-StudioDiffs-space" />
          <button
            type="button"
            className="jp-StudioIconButton"
            title={trans.__('Previous change (p)')}
            aria-label={trans.__('Previous change')}
            onClick={() => step(body.current, -1)}
          >
            <caretUpIcon.react tag="span" />
          </button>
          <button
            type="button"
            className="jp-StudioIconButton"
            title={trans.__('Next change (n)')}
            aria-label={trans.__('Next change')}
            onClick={() => step(body.current, 1)}
          >
            <caretDownIcon.react tag="span" />
          </button>
          <button
            type="button"
            className="jp-StudioIconButton"
            title={trans.__('Compare again')}
            aria-label={trans.__('Compare again')}
            onClick={() => model.refresh()}
          >
            <refreshIcon.react tag="span" />
          </button>
        </div>
        <Tabs model={model} trans={trans} />
      </header>
      <div
        ref={body}
        className="jp-StudioDiffs-body"
        role="tabpanel"
        aria-label={label}
        tabIndex={-1}
      >
        <Section
          key={`${model.first}-${model.second}-${section}`}
          model={model}
          trans={trans}
        />
      </div>
    </div>
  );
}

function Section(props: IDiffViewProps): JSX.Element {
  const { model, trans } = props;
  const { section } = model;
  if (section === 'artifacts') {
    return <ArtifactsSection model={model} trans={trans} />;
  }
  return (
    <Answered model={model} answer={model.part(section)} trans={trans}>
      {diff => (
        <>
          {diff.notebook && (
            <NotebookSection diff={diff.notebook} trans={trans} />
          )}
          {diff.code && <CodeSection diff={diff.code} trans={trans} />}
          {diff.environment && (
            <EnvironmentSection diff={diff.environment} trans={trans} />
          )}
          {diff.data && <DataSection items={diff.data} trans={trans} />}
        </>
      )}
    </Answered>
  );
}

/** What the server said in a sentence, and the rest below; or that it is not here yet, or why not. */
export function Answered(props: {
  model: DiffModel;
  answer: IAnswer;
  trans: TranslationBundle;
  children: (diff: NonNullable<IAnswer['diff']>) => React.ReactNode;
}): JSX.Element {
  const { model, answer, trans, children } = props;
  const { diff, error } = answer;
  if (error) {
    return (
      <ErrorBanner
        message={error.message}
        hint={error.hint}
        action={trans.__('Try again')}
        onAction={() => model.refresh()}
      />
    );
  }
  if (!diff) {
    return <Skeleton rows={8} label={trans.__('Comparing…')} />;
  }
  return (
    <>
      <div className="jp-StudioDiffs-said" role="status">
        <span
          className={`jp-StudioDiffs-state jp-mod-${diff.state}`}
          aria-hidden="true"
        >
          {SIGNS[diff.state]}
        </span>
        <div>
          <strong>{diff.message}</strong>
          {[diff.hint, ...diff.notes].filter(Boolean).map(note => (
            <p key={note}>{note}</p>
          ))}
        </div>
      </div>
      {children(diff)}
    </>
  );
}

const SIGNS = { same: '=', different: '≠', unknown: '?' };

function SideChoice(props: {
  model: DiffModel;
  side: 'first' | 'second';
  trans: TranslationBundle;
}): JSX.Element {
  const { model, side, trans } = props;
  const run = model[side];
  const trial = model.trial(run);
  const label =
    side === 'first' ? trans.__('First trial') : trans.__('Second trial');
  const choose = (value: string) => {
    const other = side === 'first' ? model.second : model.first;
    if (value === other) {
      model.swap();
    } else if (side === 'first') {
      model.choose(value, other);
    } else {
      model.choose(other, value);
    }
  };
  return (
    <span
      className={`jp-StudioDiffs-side jp-mod-${side}`}
      title={trial ? `${trial.experiment} / ${trial.name} (${run})` : run}
    >
      <span className="jp-StudioDiffs-sign" role="img" aria-label={label}>
        {side === 'first' ? '−' : '+'}
      </span>
      {model.runs.length > 2 ? (
        <select
          className="jp-StudioInput"
          aria-label={label}
          value={run}
          onChange={event => choose(event.target.value)}
        >
          {model.runs.map(each => (
            <option key={each} value={each}>
              {model.name(each)}
            </option>
          ))}
        </select>
      ) : (
        <span className="jp-StudioDiffs-name">{model.name(run)}</span>
      )}
    </span>
  );
}

function partLabels(trans: TranslationBundle): Record<DiffPart, string> {
  return {
    notebook: trans.__('Notebook'),
    code: trans.__('Code'),
    environment: trans.__('Environment'),
    data: trans.__('Data'),
    artifacts: trans.__('Artefacts')
  };
}

function Tabs(props: IDiffViewProps): JSX.Element {
  const { model, trans } = props;
  const labels = partLabels(trans);
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>) => {
    const by =
      event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by !== 0) {
      const index = PARTS.indexOf(model.section);
      const next = (index + by + PARTS.length) % PARTS.length;
      model.show(PARTS[next]);
      const nodes = event.currentTarget.querySelectorAll<HTMLElement>('button');
      nodes[next]?.focus();
    }
  };
  return (
    <div
      className="jp-StudioTabs"
      role="tablist"
      aria-label={trans.__('Parts of the trials')}
      onKeyDown={onKeyDown}
    >
      {PARTS.map(part => {
        const isCurrent = part === model.section;
        const state = model.known(part)?.state;
        return (
          <button
            key={part}
            type="button"
            role="tab"
            aria-selected={isCurrent}
            tabIndex={isCurrent ? 0 : -1}
            className={`jp-StudioTabs-tab${isCurrent ? ' jp-mod-current' : ''}`}
            onClick={() => model.show(part)}
          >
            {labels[part]}
            {state && (
              <span className="jp-StudioDiffs-tabState" aria-hidden="true">
                {SIGNS[state]}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}

/** Bring the next change below (or above) the last one into sight, and mark it. */
function step(body: HTMLElement | null, by: number): void {
  const changes = [
    ...(body?.querySelectorAll<HTMLElement>('[data-change]') ?? [])
  ];
  if (changes.length === 0) {
    return;
  }
  const at = changes.findIndex(each => each.dataset['change'] === 'current');
  const next =
    at < 0
      ? by > 0
        ? 0
        : changes.length - 1
      : (at + by + changes.length) % changes.length;
  changes.forEach((each, index) => {
    each.dataset['change'] = index === next ? 'current' : '';
  });
  changes[next].scrollIntoView({ block: 'center' });
}
