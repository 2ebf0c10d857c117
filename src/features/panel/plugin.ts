import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { studioIcon } from '../../shared/icons';
import { createMenuButton } from '../../shared/toolbarMenu';
import { CommandIDs, DOMAIN, IStudioPanel } from '../../tokens';
import { StudioPanel } from './widget';

/** Provides the side bar panel to which the features add their sections. */
export const panelPlugin: JupyterFrontEndPlugin<IStudioPanel> = {
  id: 'studio_ext:panel',
  description: 'The Studio panel in the left side bar.',
  autoStart: true,
  provides: IStudioPanel,
  optional: [ITranslator, ILayoutRestorer, ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const panel = new StudioPanel(translator ?? nullTranslator, state);
    panel.id = 'studio-panel';
    panel.title.icon = studioIcon;
    panel.title.caption = trans.__('Studio: jobs and experiments');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Studio'));
    panel.toolbar.addItem(
      'new',
      createMenuButton({
        commands: app.commands,
        items: [CommandIDs.runAsJob, CommandIDs.newExperiment],
        label: trans.__('New'),
        tooltip: trans.__('Run a notebook as a job, or make an experiment')
      })
    );
    app.commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show Studio Panel'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(panel.id)
    });
    palette?.addItem({
      command: CommandIDs.showPanel,
      category: trans.__('Studio')
    });
    app.shell.add(panel, 'left', { rank: 600, type: 'Studio' });
    restorer?.add(panel, panel.id);
    return panel;
  }
};
