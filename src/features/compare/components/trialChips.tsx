import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import React, { memo, useCallback } from 'react';
import type { CompareModel, IViewTrial } from '../../../models/compareModel';
import { trialWord } from '../../../models/trialWords';
import { Mark } from '../../../shared/chartParts';
import { hiddenIcon, shownIcon } from '../../../shared/icons';
import { StatusIcon } from '../../../shared/statusIcon';
import { useIdle } from '../../../shared/useIdle';
import { useSignal } from '../../../shared/useSignal';
import { classes, pick } from './differenceTable';

/** Trials that are there at once: more than there is room for on most screens; the others come when the page has time. */
const AT_ONCE = 40;

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
  // Six hundred buttons of two hundred trials: names in sight and charts come first.
  const isIdle = useIdle(trials.length > 0);
  const openMenu = useCallback(
    (id: string, left: number, top: number) => {
      const trial = model.trials.find(each => each.id === id);
      if (trial) {
        onMenu(trial, left, top);
      }
    },
    [model, onMenu]
  );
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
      {(isIdle ? trials : trials.slice(0, AT_ONCE)).map(
        ({ id, label, colour, facts, isHidden, isBaseline }) => (
          <Chip
            key={id}
            {...{ id, label, colour, isHidden, isBaseline, model, trans }}
            status={facts.status}
            experiment={facts.experiment}
            showsExperiment={areSeveral}
            isSelected={focus.selected.has(id)}
            isHovered={focus.hovered === id}
            isReadOnly={model.isReadOnly}
            hasTools={isIdle}
            onMenu={openMenu}
          />
        )
      )}
    </ul>
  );
}

interface IChipProps extends Pick<
  IViewTrial,
  'id' | 'label' | 'colour' | 'isHidden' | 'isBaseline'
> {
  status: string;
  experiment: string;
  showsExperiment: boolean;
  isSelected: boolean;
  isHovered: boolean;
  isReadOnly: boolean;
  hasTools: boolean;
  model: CompareModel;
  onMenu: (id: string, left: number, top: number) => void;
  trans: TranslationBundle;
}

/** Drawn again only if something of it changed: there may be two hundred. */
const Chip = memo(function Chip(props: IChipProps): JSX.Element {
  const { id, label, colour, status, experiment, model, onMenu, trans } = props;
  const { isHidden, isBaseline, isSelected, isHovered, hasTools } = props;
  const word = trialWord(status, trans);
  return (
    <li
      className={classes(
        'jp-StudioChip',
        isHidden && 'jp-mod-off',
        isBaseline && 'jp-mod-baseline',
        isSelected && 'jp-mod-selected',
        isHovered && 'jp-mod-hovered'
      )}
      data-run={id}
      onMouseEnter={() => model.focus.hover(id)}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        onMenu(id, event.clientX, event.clientY);
      }}
    >
      <button
        type="button"
        className="jp-StudioChip-name"
        aria-pressed={isSelected}
        title={[label, experiment, word].join('\n')}
        onClick={event =>
          pick(model, id, event.ctrlKey || event.metaKey || event.shiftKey)
        }
      >
        <Mark colour={colour} />
        {status !== 'FINISHED' && <StatusIcon status={status} label={word} />}
        <span className="jp-StudioChip-label">{label}</span>
        {props.showsExperiment && (
          <span className="jp-StudioChip-place">{experiment}</span>
        )}
        {isBaseline && (
          <span className="jp-StudioChip-tag">{trans.__('Baseline')}</span>
        )}
      </button>
      <span className="jp-StudioChip-tools">
        {hasTools && <Tools {...props} />}
      </span>
    </li>
  );
});

/** What can be done with a trial. */
function Tools(props: IChipProps): JSX.Element {
  const { id, label, isHidden, isReadOnly, model, onMenu, trans } = props;
  return (
    <>
      <button
        type="button"
        className="jp-StudioIconButton"
        aria-pressed={isHidden}
        disabled={isReadOnly}
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
          onMenu(id, box.left, box.bottom);
        }}
      >
        <ellipsesIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        disabled={isReadOnly}
        title={trans.__('Take out')}
        aria-label={trans.__('Take %1 out', label)}
        onClick={() => model.remove([id])}
      >
        <closeIcon.react tag="span" />
      </button>
    </>
  );
}
