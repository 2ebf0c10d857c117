import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import { RegisteredModelModel } from '../../models/registeredModel';
import { modelIcon } from '../../shared/icons';
import { SeenWidget } from '../../shared/seenWidget';
import { ModelView } from './components/modelView';
import type { IMark } from './components/modelView';
import { ModelActions } from './modelActions';

export interface IModelTabOptions {
  name: string;
  models: ModelsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** A registered model as the content of a tab. */
export class ModelContent extends SeenWidget {
  constructor(private readonly _options: IModelTabOptions) {
    super();
    this.addClass('jp-StudioModel');
    this.model = new RegisteredModelModel(_options.models, _options.name);
    this._actions = new ModelActions(this.model, _options.trans);
    void this.model.load();
  }

  readonly model: RegisteredModelModel;

  get name(): string {
    return this.model.name;
  }

  /** Mark one version, and bring it into sight. */
  mark(version: string): void {
    this._marked = { version };
    this.update();
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override onSeen(isSeen: boolean): void {
    this.model.setActive(isSeen);
  }

  protected override render(): JSX.Element {
    const { commands, trans } = this._options;
    return (
      <ModelView
        model={this.model}
        actions={this._actions}
        commands={commands}
        trans={trans}
        marked={() => this._marked}
      />
    );
  }

  private readonly _actions: ModelActions;
  private _marked: IMark | null = null;
}

/** Make the tab of a model. */
export function createModelTab(
  options: IModelTabOptions
): MainAreaWidget<ModelContent> {
  const widget = new MainAreaWidget({ content: new ModelContent(options) });
  widget.toolbar.hide();
  widget.id = `studio-model-${encodeURIComponent(options.name)}`;
  widget.title.icon = modelIcon;
  widget.title.label = options.name;
  widget.title.caption = options.trans.__('Model %1', options.name);
  widget.title.closable = true;
  return widget;
}
