import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { CompareModel, IViewTrial } from '../../../models/compareModel';
import { trialWord } from '../../../models/trialWords';
import { Mark } from '../../../shared/chartParts';
import { hiddenIcon, shownIcon } from '../../../shared/icons';
import { StatusIcon } from '../../../shared/statusIcon';
import { useSignal } from '../../../shared/useSignal';
import { classes, pick } from './differenceTable';

export interface ITrialChipsProps {
  model: CompareModel;
  onMenu: (trial: IViewTrial, left: number, top: number) => void;
  trans: TranslationBundle;
}

/** The trials with their colours: the legend of all charts, and where they are hidden and taken out. */
export function TrialChips(props: ITrialChipsProps): JSX.Element | null {
  const { model, onMenu, trans } = props;
  const { focus, trials } = model;
  useSignal(focus.changed);
  if (trials.length === 0) {
    return null;
  }
  const areSeveral =
    new Set(trials.map(({ facts }) => facts.experiment)).size > 1;
  return (
    <ul
      className="jp-StudioChips"
      aria-label={trans.__('Trials')}
      onMouseLeave={() => focus.hover(null)}
    >
      {trials.map(trial => {
        const { id, label, colour, facts, isHidden, isBaseline } = trial;
        const word = trialWord(facts.status, trans);
        return (
          <li
            key={id}
            className={classes(
              'jp-StudioChip',
              isHidden && 'jp-mod-off',
              isBaseline && 'jp-mod-baseline',
              focus.selected.has(id) && 'jp-mod-selected',
              focus.hovered === id && 'jp-mod-hovered'
            )}
            data-run={id}
            onMouseEnter={() => focus.hover(id)}
            onContextMenu={event => {
              event.preventDefault();
              event.stopPropagation();
              onMenu(trial, event.clientX, event.clientY);
            }}
          >
            <button
              type="button"
              className="jp-StudioChip-name"
              aria-pressed={focus.selected.has(id)}
              title={[label, facts.experiment, word].join('\n')}
              onClick={event =>
                pick(
                  model,
                  id,
                  event.ctrlKey || event.metaKey || event.shiftKey
                )
              }
            >
              <Mark colour={colour} />
              {facts.status !== 'FINISHED' && (
                <StatusIcon status={facts.status} label={word} />
              )}
              <span className="jp-StudioChip-label">{label}</span>
              {areSeveral && (
                <span className="jp-StudioChip-place">{facts.experiment}</span>
              )}
              {isBaseline && (
                <span className="jp-StudioChip-tag">
                  {trans.__('Baseline')}
                </span>
              )}
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              aria-pressed={isHidden}
              disabled={model.isReadOnly}
              title={isHidden ? trans.__('Draw again') : trans.__('Hide')}
              aria-label={
                isHidden
                  ? trans.__('Draw %1 again', label)
                  : trans.__('Hide %1', label)
              }
              onClick={() => model.hide(id, !isHidden)}
            >
              {isHidden ? (
                <hiddenIcon.react tag="span" />
              ) : (
                <shownIcon.react tag="span" />
              )}
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              aria-haspopup="menu"
              title={trans.__('More')}
              aria-label={trans.__('More for %1', label)}
              onClick={event => {
                const box = event.currentTarget.getBoundingClientRect();
                onMenu(trial, box.left, box.bottom);
              }}
            >
              <ellipsesIcon.react tag="span" />
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              disabled={model.isReadOnly}
              title={trans.__('Take out')}
              aria-label={trans.__('Take %1 out', label)}
              onClick={() => model.remove([id])}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
