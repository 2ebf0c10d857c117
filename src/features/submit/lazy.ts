import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { StudioClient } from '../../client';
import type { JobDetail } from '../../contract';
import '../../../style/base.css';
import '../../../style/tabs.css';
import type { IPreferences } from './place';
import { prepareNotebook } from './prepare';
import { SubmitModel } from './submitModel';
import { createSubmitTab } from './widget';

/** What a form is made of. */
export interface IFormOptions {
  args: { paths: string[]; job?: string };
  client: StudioClient;
  contents: Contents.IManager;
  documents: IDocumentManager;
  preferences: () => Promise<IPreferences>;
  trans: TranslationBundle;
  onSubmitted: (jobs: readonly JobDetail[]) => void;
}

/** Make the tab of a form; it closes when its jobs are committed. */
export function createForm(options: IFormOptions): MainAreaWidget {
  const { args, client, contents, documents, preferences, trans } = options;
  const model = new SubmitModel({
    client,
    notebooks: args.paths,
    jobId: args.job,
    preferences,
    prepare: path => prepareNotebook(path, documents, contents, trans),
    trans
  });
  const widget = createSubmitTab(model, trans);
  widget.id = `studio-submit-${UUID.uuid4()}`;
  model.submitted.connect((_, jobs) => {
    widget.close();
    options.onSubmitted(jobs);
  });
  void model.load();
  return widget;
}
