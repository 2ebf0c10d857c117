import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../../models/modelsModel';
import { EmptyState } from '../../../shared/emptyState';
import { modelIcon } from '../../../shared/icons';
import { NamedList } from '../../../shared/namedList';
import { CommandIDs } from '../../../tokens';
import { aliasNames } from '../words';

export interface IModelListProps {
  model: ModelsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** All registered models, last changed first. */
export function ModelList(props: IModelListProps): JSX.Element {
  const { model, commands, trans } = props;
  return (
    <NamedList
      model={model}
      itemOf={({ name, latest, aliases, updated }) => ({
        id: name,
        name,
        mark: <Aliases aliases={aliases} />,
        count:
          latest !== null ? trans.__('v%1', latest) : trans.__('no version'),
        updated
      })}
      label={trans.__('Models')}
      loading={trans.__('Loading models')}
      icon={modelIcon}
      empty={
        <EmptyState
          message={trans.__(
            'No models yet. Open an experiment, click the best trial with the right mouse button, and choose Register Model.'
          )}
        />
      }
      attribute="data-model"
      onOpen={name => void commands.execute(CommandIDs.openModel, { name })}
      trans={trans}
    />
  );
}

/** The alias of the newest version, and how many more there are. */
function Aliases(props: {
  aliases: Readonly<Record<string, string>>;
}): JSX.Element | null {
  const names = aliasNames(props.aliases);
  if (names.length === 0) {
    return null;
  }
  const more = names.length - 1;
  return (
    <span className="jp-StudioAlias jp-mod-small" title={names.join(', ')}>
      <span className="jp-StudioAlias-name">{names[0]}</span>
      {more > 0 && <span>{`+${more}`}</span>}
    </span>
  );
}
