import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ExperimentsModel } from '../../../models/experimentsModel';
import { EmptyState } from '../../../shared/emptyState';
import { experimentIcon } from '../../../shared/icons';
import { NamedList } from '../../../shared/namedList';
import { CommandIDs } from '../../../tokens';

export interface IExperimentListProps {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** All experiments, last updated first. */
export function ExperimentList(props: IExperimentListProps): JSX.Element {
  const { model, commands, trans } = props;
  return (
    <NamedList
      model={model}
      itemOf={({ id, name, trials, updated }) => ({
        id,
        name,
        count:
          trials !== null
            ? trans._n('%2 trial', '%2 trials', trials, trials.toLocaleString())
            : '',
        updated
      })}
      label={trans.__('Experiments')}
      loading={trans.__('Loading experiments')}
      icon={experimentIcon}
      empty={
        <EmptyState
          message={trans.__(
            'No experiments yet. An experiment collects trials, of jobs, scripts and notebook cells, so that they can be compared.'
          )}
          action={trans.__('New experiment')}
          onAction={() => void commands.execute(CommandIDs.newExperiment)}
        />
      }
      attribute="data-experiment"
      onOpen={name =>
        void commands.execute(CommandIDs.openExperiment, { name })
      }
      trans={trans}
    />
  );
}
