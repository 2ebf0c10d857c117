import type { Locator } from '@playwright/test';
import { expect, test } from '../fixtures';
import { code, notebook, parameters, waitFor } from '../notebooks';
import { deed, ELSEWHERE, image, link, script, Traps } from '../traps';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const python = (value: unknown): string => JSON.stringify(value);
/** Without spaces, as the address in a Markdown link must be. */
const compact = (text: string): string => text.replace(/ /g, '');

/**
 * Press everything below a place that could be pressed, but for ordinary links and the buttons of charts; in
 * JupyterLab's own tabs, where a form of any notebook leads away, not the buttons of forms either.
 */
function pressAll(place: Locator, ours = false): Promise<number> {
  const but = ours ? '.vega-embed' : '.vega-embed, form';
  return place.evaluateAll((nodes, but) => {
    const all = nodes.flatMap(node => [
      ...node.querySelectorAll<HTMLElement>('a:not([href^="http"]), button, summary, input, label, [onclick]')
    ]);
    for (const each of all.filter(each => !each.closest(but))) {
      each.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
      each.click();
    }
    return all.length;
  }, but);
}

test('Text of a job is never markup, wherever it shows', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab,
  trials,
  form
}) => {
  const traps = await Traps.set(page);
  const root = await page.getServerRoot();
  const file = `${image('file').replace(/"/g, '')}.ipynb`;
  const path = `${tmpPath}/${file}`;
  await server.write(
    path,
    notebook(
      parameters('text: str = "<b onclick>"  # <b onclick>help</b>'),
      code(`import mlflow
with mlflow.start_run(run_name=${python(image('run'))}):
    mlflow.log_param("logged", ${python(image('logged'))})
    mlflow.set_tag("tag", ${python(image('tag'))})
    mlflow.log_metric("metric", 1)`),
      waitFor(`${root}/${tmpPath}/go.txt`, image('label')),
      code(`print(${python(image('log') + script('log'))})`),
      code(`import pathlib
pathlib.Path(${python(`${image('made').replace(/[/"]/g, '')}.txt`)}).touch()
raise type(${python(image('ename'))}, (Exception,), {})(${python(`${image('error')} said the error`)})`)
    )
  );
  const name = image('name');
  const { id } = await server.submit(path, {
    name,
    experiment: image('experiment').replace(/[/"]/g, ''),
    parameters: { text: image('parameter') + link('parameter') },
    tags: { [image('key')]: image('value') }
  });

  // While it runs: the panel, the status bar and the panel of all that runs.
  await panel.open();
  const row = panel.row(name);
  await expect(row).toContainText(image('label').slice(0, 30));
  await expect(page.locator('.jp-StudioStatusItem')).toContainText('Jobs:');
  await page.getByRole('tab', { name: 'Running Terminals and Kernels' }).click();
  const running = page.locator('.jp-RunningSessions-item').filter({ hasText: name });
  await expect(running).toBeVisible();
  expect(await running.locator('img').count()).toBe(0);
  await panel.open();

  // When it ends: the notification.
  await server.write(`${tmpPath}/go.txt`, 'go');
  const toast = page.locator('.Toastify__toast').filter({ hasText: 'failed' });
  await expect(toast).toContainText(name);
  await expect(row).toContainText('said the error');
  await panel.main(row).hover();
  await panel.main(row).click();
  await expect(jobTab.heading).toHaveText(name);
  await expect(jobTab.failure).toContainText(image('error'));
  await expect(jobTab.failure).toContainText(image('ename'));
  await expect(jobTab.parameters).toContainText(image('parameter').slice(0, 30));
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText(image('log'));
  await jobTab.show('Notebook');
  await expect(jobTab.main.locator('.jp-StudioNotebook:visible')).toContainText('said the error');
  await jobTab.show('Files');
  await jobTab.files.getByRole('button', { name: 'output', exact: true }).click();
  await expect(jobTab.files.getByRole('button', { name: file, exact: true })).toBeVisible();
  await jobTab.files.getByRole('button', { name: 'code', exact: true }).click();
  await expect(jobTab.files.getByRole('button', { name: /^<img.*made/ })).toBeVisible();
  await jobTab.button('Open output notebook').click();
  await expect(page.locator('.jp-NotebookPanel:visible')).toContainText('said the error');
  await page.activity.closeAll();

  await panel.press(row, /^Run .* again$/);
  await expect(form.heading).toContainText('onerror');
  await expect(form.field('text')).toHaveValue(image('parameter') + link('parameter'));
  await trials.open((await server.job(id)).trial.experiment);
  for (const where of ['parameter', 'logged', 'run']) {
    await expect(trials.table).toContainText(image(where).slice(0, 30));
  }
  expect(await page.locator('[src="x"]').count()).toBe(0);
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();
});

/** Bait as HTML. Pictures from elsewhere are not among it: JupyterLab shows them in any notebook. */
const HTML = [
  script('script'),
  `<img src=x onerror="${deed('img')}">`,
  `<svg onload="${deed('svg')}"><script>${deed('svg-script')}</script></svg>`,
  `<svg><foreignObject><img src=x onerror="${deed('foreign')}"></foreignObject></svg>`,
  `<svg><a xlink:href="${link('xlink')}"><text y="9">xlink</text></a></svg>`,
  `<iframe srcdoc="${script('srcdoc').replace(/"/g, '&quot;')}"></iframe>`,
  `<iframe src="${link('iframe')}"></iframe>`,
  `<iframe src="data:text/html;base64,${base64(script('iframe-data'))}"></iframe>`,
  `<object data="data:text/html;base64,${base64(script('object'))}"></object>`,
  `<embed src="data:text/html;base64,${base64(script('embed'))}">`,
  `<input autofocus onfocus="${deed('focus')}">`,
  `<details open ontoggle="${deed('toggle')}"><summary>more</summary>d</details>`,
  `<video src=x onerror="${deed('video')}"></video><audio src=x onerror="${deed('audio')}"></audio>`,
  `<style>@import url(${ELSEWHERE}/import); b{background:url(${ELSEWHERE}/css)}</style>`,
  `<link rel="stylesheet" href="${ELSEWHERE}/stylesheet"><link rel="prefetch" href="${ELSEWHERE}/prefetch">`,
  `<meta http-equiv="refresh" content="0;url=${ELSEWHERE}/refresh"><base href="${ELSEWHERE}/">`,
  `<form action="${link('form')}"><button formaction="${link('formaction')}">form</button></form>`,
  `<math href="${link('math')}">math</math>`,
  `<noscript><p title="</noscript><img src=x onerror=top.__planted='noscript'>">`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=top.__planted='mglyph'&gt;">`,
  `<svg></p><style><a id="</style><img src=1 onerror=top.__planted='style'>">`,
  `<textarea><p title="</textarea><img src onerror=top.__planted='textarea'>">`,
  `<a href="${link('anchor')}">anchor</a><button onclick="${deed('button')}">button</button>`,
  `<a href="java&#x0A;script:top.__planted='entity'">entity</a>`,
  `<a href=" &#14;  javascript:top.__planted='spaces'">spaces</a>`,
  `<a href="data:text/html;base64,${base64(script('data'))}">data</a>`,
  `<a href="${ELSEWHERE}/ping" ping="${ELSEWHERE}/pinged" onclick="${deed('ping')};return false" hidden>ping</a>`
];

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="${deed('svg-file')}"><script>${deed('svg-file')}</script></svg>`;
const MERMAID = `graph TD
A["<img src=x onerror=top.__planted='mermaid'>"] --> B
click A href "javascript:top.__planted='mermaid-href'"
click B call alert("mermaid")`;
const LATEX = `$$\\href{javascript:top.__planted='latex'}{\\text{latex}} \\class{x" onmouseover="1}{y} \\style{background:red}{z}$$`;
const LITE = 'application/vnd.vegalite.v5+json';

/** Outputs of every kind that JupyterLab or an extension may know how to show. */
const OUTPUTS: Record<string, unknown>[] = [
  ...HTML.map(html => ({ 'text/html': html })),
  { 'image/svg+xml': SVG },
  { 'application/javascript': deed('javascript') },
  {
    'text/markdown': `${HTML.join('\n\n')}\n\n[go](${compact(link('md-link'))}) ![x](${compact(link('md-image'))})`
  },
  {
    'text/markdown': `<${compact(link('autolink'))}>\n\n\`\`\`mermaid\n${MERMAID}\n\`\`\``
  },
  { 'text/vnd.mermaid': MERMAID },
  { 'text/latex': LATEX },
  { 'text/latex': '$$\\def\\x{\\x\\x}\\x$$' },
  { 'application/json': { [image('json-key')]: image('json-value') } },
  {
    'application/vnd.jupyter.widget-view+json': {
      model_id: 'w1',
      version_major: 2,
      version_minor: 0
    }
  },
  {
    'application/vnd.plotly.v1+json': {
      data: [{ type: 'scatter', x: [1], y: [1], text: [image('plotly')] }],
      layout: { title: image('plotly-title') }
    }
  },
  {
    [LITE]: {
      data: { values: [{ a: 1, u: link('vega-href') }] },
      mark: 'point',
      encoding: {
        x: { field: 'a' },
        href: { field: 'u' },
        tooltip: { value: image('vega-tooltip') }
      }
    }
  },
  {
    [LITE]: {
      data: { values: [{ a: 1 }] },
      transform: [{ calculate: `toString.constructor("top.__planted='vega'")()`, as: 'b' }],
      mark: 'point',
      encoding: { x: { field: 'b' } }
    }
  },
  {
    'application/xhtml+xml': `<html xmlns="http://www.w3.org/1999/xhtml">${script('xhtml')}</html>`
  },
  {
    'text/xml': `<x xmlns="http://www.w3.org/1999/xhtml">${script('xml')}</x>`
  },
  {
    'application/pdf': base64('%PDF-1.4 1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj')
  },
  { 'image/png': `x" onerror="${deed('png')}` },
  { 'application/vnd.hostile+json': { html: image('unknown') } },
  {
    'text/plain': `\u001b]8;;${link('osc')}\u0007osc\u001b]8;;\u0007 ${link('plain')} <${link('plain')}>`
  }
].map(bundle => ({ 'text/plain': 'plain', ...bundle }));

/** State of widgets as a notebook keeps it. */
const WIDGETS = {
  'application/vnd.jupyter.widget-state+json': {
    version_major: 2,
    version_minor: 0,
    state: {
      w1: {
        model_name: 'HTMLModel',
        model_module: '@jupyter-widgets/controls',
        model_module_version: '2.0.0',
        state: {
          _view_name: 'HTMLView',
          value: `<img src=x onerror="${deed('widget')}">`
        }
      },
      w2: {
        model_name: 'X',
        model_module: `${ELSEWHERE}/widget`,
        model_module_version: '1.0.0',
        state: {}
      }
    }
  }
};

test('Outputs of every kind run nothing, in the tab of the job, in a tab of their own, and in a copy', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab
}) => {
  const traps = await Traps.set(page);
  await server.write(`${tmpPath}/outputs.json`, JSON.stringify(OUTPUTS));
  const text = JSON.parse(
    notebook(
      {
        cell_type: 'markdown',
        source: [...HTML, LATEX, `[go](${compact(link('cell'))})`, image('cell')].join('\n\n')
      },
      code(`import json, pathlib
from IPython.display import display
for bundle in json.loads(pathlib.Path("outputs.json").read_text()):
    display(bundle, raw=True)
print("all shown")`)
    )
  );
  text.metadata = {
    ...text.metadata,
    title: image('title'),
    authors: [{ name: image('author') }],
    widgets: WIDGETS,
    signature: 'sha256:0'
  };
  text.cells[1].metadata = {
    trusted: true,
    name: image('cell-name'),
    tags: [image('cell-tag')]
  };
  await server.write(`${tmpPath}/outputs.ipynb`, JSON.stringify(text));
  const { id } = await server.submit(`${tmpPath}/outputs.ipynb`, {
    name: 'outputs'
  });
  await server.reaches(id, 'Completed');

  await panel.open();
  const row = panel.row('outputs');
  await panel.main(row).click();
  await jobTab.show('Notebook');
  const view = jobTab.main.locator('.jp-StudioNotebook:visible');
  await harmless(view, true);
  expect(await traps.sprung()).toEqual([]);

  await jobTab.button('Open output notebook').click();
  const opened = page.locator('.jp-NotebookPanel:visible');
  await harmless(opened);
  expect(await traps.sprung()).toEqual([]);

  // A copy is as little trusted as what it was made of.
  await panel.choose(row, 'Save a Copy of the Output Notebook');
  await expect(page.getByText(/^Saved .*outputs.*\.ipynb/)).toBeVisible();
  const names = await page.evaluate(async folder => {
    const model = await window.jupyterapp.serviceManager.contents.get(folder);
    return (model.content as { name: string }[]).map(item => item.name);
  }, tmpPath);
  const path = `${tmpPath}/${names.find(name => /^outputs-.*\.ipynb$/.test(name))}`;
  await page.evaluate(args => void window.jupyterapp.commands.execute('docmanager:open', args), { path });
  await expect(page.getByRole('main').getByRole('tab', { name: /^outputs-/, selected: true })).toBeVisible();
  const copy = page.locator('.jp-NotebookPanel:visible');
  await harmless(copy);
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();
});

/** Wait until a place shows all outputs, press whatever it offers, and look for what should not be there. */
async function harmless(place: Locator, ours = false): Promise<void> {
  await expect(place).toContainText('all shown');
  await expect(place.locator('mjx-container').first()).toBeAttached();
  await expect(place.locator('.vega-embed canvas, .vega-embed svg').first()).toBeAttached();
  expect(await pressAll(place.locator('.jp-OutputArea, .jp-MarkdownOutput'), ours)).toBeGreaterThan(5);
  const found = await place.evaluate(node =>
    [...node.querySelectorAll('.jp-OutputArea *, .jp-MarkdownOutput *')].flatMap(element => [
      ...(/^(script|iframe|object|embed|base|meta|link|foreignobject)$/i.test(element.tagName)
        ? [element.tagName]
        : []),
      ...[...element.attributes]
        .filter(({ name, value }) => /^on/i.test(name) || /^\W*j\W*a\W*v\W*a\W*script:/i.test(value))
        .map(({ name, value }) => `${element.tagName} ${name}=${value}`)
    ])
  );
  expect(found).toEqual([]);
}

test('A log cannot play tricks with the terminal that it is shown as', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab
}) => {
  const traps = await Traps.set(page);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(() => navigator.clipboard.writeText('mine'));
  const esc = '\u001b';
  const lines = [
    `${esc}]8;;${link('osc8')}\u0007link${esc}]8;;\u0007 ${esc}]8;;${ELSEWHERE}/osc8${esc}\\second${esc}]8;;${esc}\\ link line`,
    `${esc}]52;c;${base64('theirs')}\u0007 clipboard line`,
    `${esc}]0;theirs\u0007${esc}]2;theirs${esc}\\ title line`,
    `${esc}[2J${esc}[H${esc}[3J${esc}[999A${esc}[?1049h${esc}[?25l${esc}c${esc}[!p moved line`,
    `${esc}[6n${esc}[5n${esc}[0c${esc}]11;?\u0007${esc}P+q544e${esc}\\ asked line`,
    `${esc}P1;1|17/${script('dcs')}${esc}\\${esc}_G${script('apc')}${esc}\\ graphics line`,
    'shown\rhidden by a carriage return line\b\b\b \u0007\u0000\u007f',
    '\u202egnp.exe\u2066 bidirectional line',
    `${esc}[31;1m${script('coloured')}${esc}[0m coloured line`,
    `${esc}[38;2;9;9;9;background:url(${ELSEWHERE}/sgr)m style line`,
    `https://example.org/${script('address')} javascript:alert(1) address line`
  ];
  const path = `${tmpPath}/tricks.ipynb`;
  await server.write(
    path,
    notebook(
      code(`import base64, json, sys
print("\\x1b[" + "1;" * 400_000 + "m long list line")
print("\\x1b]" + "x" * 400_000 + " unfinished line")
print("\\x1b[31m" * 100_000 + " many colours line")
print("\\x9d" * 50_000 + " many beginnings line")
for line in json.loads(${python(JSON.stringify(lines))}):
    print(line)
sys.stdout.flush()
print("end of the log", file=sys.stderr)`)
    )
  );
  const { id } = await server.submit(path, { name: 'tricks' });
  await server.reaches(id, 'Completed');
  await panel.open();
  await panel.main(panel.row('tricks')).click();
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('end of the log');
  for (const line of ['clipboard', 'title', 'moved', 'coloured', 'style', 'address']) {
    await expect(jobTab.log).toContainText(`${line} line`);
  }
  await expect(jobTab.log).toContainText(script('coloured').slice(0, 30));
  for (const anchor of await jobTab.log.getByRole('link').all()) {
    expect(await anchor.getAttribute('href')).toMatch(/^https?:/);
  }
  await expect(jobTab.log.locator('[style*="url"]')).toHaveCount(0);
  // The page still answers, also with the longest lines in sight, and nothing around the log has changed.
  await jobTab.log.evaluate(node => (node.scrollTop = 0));
  await expect(jobTab.log).toContainText('many colours line');
  await jobTab.show('Overview');
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('end of the log');
  expect(await page.title()).not.toContain('theirs');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('mine');

  // The same lines among the outputs of the notebook.
  await jobTab.show('Notebook');
  await expect(jobTab.main.locator('.jp-StudioNotebook:visible')).toContainText('end of the log');
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();
});

test('Files of a job run nothing when they are opened or downloaded', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab,
  baseURL
}) => {
  const traps = await Traps.set(page);
  const page_ = `<!doctype html><html><body><p>a page of the job</p>${script('html')}<img src=x onerror="${deed('html-image')}">
<svg onload="${deed('html-svg')}"></svg><iframe srcdoc="${script('html-frame').replace(/"/g, '&quot;')}"></iframe></body></html>`;
  const files: Record<string, string> = {
    'evil.html': page_,
    'evil.svg': SVG,
    'evil.md': `# a page of the job\n\n${HTML.join('\n\n')}`,
    'evil.json': JSON.stringify({ [image('key')]: image('value') }),
    'evil.csv': `a,b\n${image('csv').replace(/"/g, '')},${link('csv')}\n`,
    'evil.xml': `<x xmlns="http://www.w3.org/1999/xhtml">${script('xml')}</x>`,
    'evil.js': deed('js'),
    'evil.vl.json': JSON.stringify(OUTPUTS.find(each => LITE in each)![LITE]),
    'evil.mmd': MERMAID
  };
  await server.write(
    `${tmpPath}/files.ipynb`,
    notebook(
      code(`import json, os, pathlib
folder = pathlib.Path(os.environ["SM_OUTPUT_DIR"] if "SM_OUTPUT_DIR" in os.environ else "../output")
for name, text in json.loads(${python(JSON.stringify(files))}).items():
    (folder / name).write_text(text)`)
    )
  );
  const { id } = await server.submit(`${tmpPath}/files.ipynb`, {
    name: 'files'
  });
  await server.reaches(id, 'Completed');
  await panel.open();
  for (const name of Object.keys(files)) {
    await panel.main(panel.row('files')).click();
    await jobTab.show('Files');
    const entry = jobTab.files.getByRole('button', { name, exact: true });
    if (!(await entry.isVisible())) {
      await jobTab.files.getByRole('button', { name: 'output', exact: true }).click();
    }
    await entry.click();
    await expect(
      page.getByRole('main').getByRole('tab', { name, exact: false, selected: true })
    ).toBeVisible();
    await page.activity.closeAll();
  }
  for (const [name, factory] of [
    ['evil.html', 'HTML Viewer'],
    ['evil.md', 'Markdown Preview'],
    ['evil.svg', 'Image'],
    ['evil.csv', 'CSVTable'],
    ['evil.json', 'JSON'],
    ['evil.vl.json', 'Vega-Lite5']
  ]) {
    const path = `Studio:${id}/output/${name}`;
    await page.evaluate(args => void window.jupyterapp.commands.execute('docmanager:open', args), {
      path,
      factory
    });
    await expect(page.getByRole('main').getByRole('tab', { name, selected: true })).toBeVisible();
    await page.evaluate(async () => {
      const widget = window.jupyterapp.shell.currentWidget as any;
      await widget.context?.ready;
      await widget.revealed;
    });
    await pressAll(page.getByRole('main').locator('.jp-MarkdownViewer, .jp-RenderedJSON'));
    await page.activity.closeAll();
  }
  expect(await traps.sprung()).toEqual([]);

  // Its own address, opened as a page.
  const other = await page.context().newPage();
  for (const name of Object.keys(files)) {
    const saved = other.waitForEvent('download');
    await other.goto(`${baseURL}/studio/api/files/${id}/output/${name}`).catch(() => undefined);
    expect((await saved).suggestedFilename()).toBe(name);
    const answer = await other.goto(
      `${baseURL}/studio/api/contents/${id}/output/${name}?type=file&format=text`
    );
    expect(answer!.headers()['content-type']).toContain('application/json');
    expect(answer!.headers()['x-content-type-options']).toBe('nosniff');
    expect(await other.evaluate(() => (window as any).__planted as unknown)).toBeUndefined();
  }
  await other.close();
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();
});
