import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { galata } from '@jupyterlab/galata';
import type { APIRequestContext, Locator } from '@playwright/test';
import { expect, needContainers, test } from '../fixtures';
import type { IJob, Page, StudioServer } from '../fixtures';
import { mlflowServer } from '../mlflow';
import { code, notebook, parameters } from '../notebooks';
import { python } from '../python';
import { Recorder } from '../recorder';

test('Two environments are told apart by their packages, with both versions', async ({ page, tmpPath, server }) => {
  const root = (await page.getServerRoot())!;
  const packages = {
    before: { 'two-gone': '0.3', 'two-newer': '1.9.0', 'two-older': '2.1', 'two-same': '5.0' },
    after: { 'two-added': '7.2', 'two-newer': '1.10.0', 'two-older': '2.0.4', 'two-same': '5.0' }
  };
  const folder = path.join(root, tmpPath);
  const kernels = path.join(root, '../data/kernels');
  await server.write(
    `${tmpPath}/versions.ipynb`,
    notebook(code('from importlib.metadata import version\nprint("newer is", version("two-newer"))'))
  );
  const runs: string[] = [];
  try {
    for (const [name, installed] of Object.entries(packages)) {
      const interpreter = environment(path.join(folder, `.${name}`), installed);
      mkdirSync(path.join(kernels, name), { recursive: true });
      const argv = [interpreter, '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
      const spec = { argv, display_name: name, language: 'python' };
      writeFileSync(path.join(kernels, name, 'kernel.json'), JSON.stringify(spec));
      const job = await server.submit(`${tmpPath}/versions.ipynb`, { name, kernel: name });
      runs.push(await recorded(server, job));
    }
  } finally {
    Object.keys(packages).forEach(name => rmSync(path.join(kernels, name), { recursive: true, force: true }));
  }

  const diffs = new Diffs(page);
  await diffs.open(runs);
  await expect(diffs.content).toContainText('newer is 1.10.0');
  await diffs.show('Environment');
  await expect(diffs.said).toContainText('They differ in kernel and 4 packages.');
  await expect(diffs.cells('Machine and kernel', 'Kernel')).toHaveText(['≠', 'Kernel', 'before', 'after', 'changed']);
  const differ = diffs.rows('Packages that differ');
  const told = (name: string) => diffs.cells('Packages that differ', name);
  await expect(differ).toHaveCount(4);
  await expect(told('two-added')).toHaveText(['+', 'two-added', '–', '7.2', 'only in the second']);
  await expect(told('two-gone')).toHaveText(['−', 'two-gone', '0.3', '–', 'only in the first']);
  await expect(told('two-newer')).toHaveText(['↑', 'two-newer', '1.9.0', '1.10.0', 'newer in the second']);
  await expect(told('two-older')).toHaveText(['↓', 'two-older', '2.1', '2.0.4', 'older in the second']);
  const same = (await listed(server, runs[0])).size - 3;
  await expect(diffs.content).toContainText(`${same} packages have the same version in both.`);

  await diffs.content.getByRole('button', { name: 'Swap the sides' }).click();
  await expect(told('two-newer')).toHaveText(['↓', 'two-newer', '1.10.0', '1.9.0', 'older in the second']);
  await expect(told('two-added')).toHaveText(['−', 'two-added', '7.2', '–', 'only in the first']);
});

test('A process and a container are told apart by image and packages', async ({ page, tmpPath, server }) => {
  await needContainers(server);
  await server.write(`${tmpPath}/where.ipynb`, notebook(code('print("here")')));
  const here = await recorded(server, await server.submit(`${tmpPath}/where.ipynb`, { name: 'here' }));
  const there = await recorded(
    server,
    await server.submit(`${tmpPath}/where.ipynb`, { name: 'there', runner: 'docker', image: 'studio/notebook:1' })
  );
  const [ours, theirs] = [await listed(server, here), await listed(server, there)];
  const one = [...ours].find(([name]) => !theirs.has(name))!;
  const changed = [...ours].find(([name, version]) => theirs.has(name) && theirs.get(name) !== version);

  const diffs = new Diffs(page);
  await diffs.open([here, there], 'environment');
  await expect(diffs.cells('Machine and kernel', 'Image')).toHaveText([
    '+',
    'Image',
    '–',
    'studio/notebook:1',
    'only in the second'
  ]);
  await expect(diffs.cells('Machine and kernel', 'Runner')).toContainText(['≠', 'Runner', '', 'docker', 'changed']);
  await expect(diffs.cells('Packages that differ', one[0])).toHaveText(['−', one[0], one[1], '–', 'only in the first']);
  if (changed) {
    const [name, version] = changed;
    await expect(diffs.cells('Packages that differ', name)).toContainText(['', name, version, theirs.get(name)!]);
  }
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  const differing = [...names].filter(name => ours.get(name) !== theirs.get(name));
  await expect(diffs.rows('Packages that differ')).toHaveCount(differing.length);
});

test('Data that became longer and wider is told, beside data that stayed', async ({ page, tmpPath, server }) => {
  const runs: string[] = [];
  const versions = [
    { name: 'short', houses: 'rooms,price\n1,10\n2,20\n', files: ['same.csv', 'houses.csv', 'first.csv'] },
    {
      name: 'long',
      houses: 'rooms,size,price\n1,7,10\n2,8,20\n3,9,30\n',
      files: ['same.csv', 'houses.csv', 'second.csv']
    }
  ];
  for (const name of ['same', 'first', 'second']) {
    await server.write(`${tmpPath}/${name}.csv`, 'a,b\n1,2\n');
  }
  for (const { name, houses, files } of versions) {
    await server.write(`${tmpPath}/houses.csv`, houses);
    const reads = `import csv\nfor name in ${JSON.stringify(files)}:\n    print(list(csv.reader(open(name))))`;
    await server.write(`${tmpPath}/read.ipynb`, notebook(code(reads)));
    runs.push(await recorded(server, await server.submit(`${tmpPath}/read.ipynb`, { name })));
  }

  const diffs = new Diffs(page);
  await diffs.open(runs, 'data');
  await expect(diffs.said).toContainText(
    'Of 4 data sets: 1 changed, 1 only in the second, 1 only in the first, 1 the same.'
  );
  const houses = diffs.cells('Data that was read', 'houses.csv');
  await expect(houses.nth(0)).toHaveText('≠');
  await expect(houses.nth(2)).toContainText(`${Buffer.byteLength(versions[0].houses)} B · 2 rows · 2 columns`);
  await expect(houses.nth(3)).toContainText(`${Buffer.byteLength(versions[1].houses)} B · 3 rows · 3 columns`);
  await expect(houses.nth(4)).toHaveText('The contents differ: 2 and 3 rows, 2 and 3 columns.');
  const hashes = await houses.locator('code').evaluateAll(all => all.map(each => (each as HTMLElement).title));
  expect(hashes).toEqual(versions.map(({ houses }) => sha256(houses)));
  await expect(diffs.cells('Data that was read', 'same.csv').last()).toContainText('The contents are the same.');
  await expect(diffs.cells('Data that was read', 'first.csv').first()).toHaveText('−');
  await expect(diffs.cells('Data that was read', 'second.csv').first()).toHaveText('+');
});

test.describe('Two commits', () => {
  const trained = async (page: Page, tmpPath: string, server: StudioServer) => {
    const folder = path.join((await page.getServerRoot())!, tmpPath);
    git(folder, 'init', '--quiet');
    await server.write(`${tmpPath}/train.ipynb`, notebook(code('from helper import scale\nprint(scale(3))')));
    const found = [];
    for (const factor of [2, 5]) {
      await server.write(`${tmpPath}/helper.py`, `def scale(x):\n    return x * ${factor}\n`);
      git(folder, 'add', 'train.ipynb', 'helper.py');
      git(folder, 'commit', '--quiet', '--message', `Times ${factor}`);
      const job = await server.submit(`${tmpPath}/train.ipynb`, { name: `times-${factor}` });
      const run = await recorded(server, job);
      found.push({ commit: git(folder, 'rev-parse', 'HEAD').slice(0, 10), run, job: job.id });
    }
    return found;
  };
  const told = async (diffs: Diffs, commits: string[], basis: string) => {
    await expect(diffs.said).toContainText('1 file differs.');
    await expect(diffs.content).toContainText(basis);
    await expect(diffs.content.locator('.jp-StudioDiff-facts dd')).toHaveText(
      commits.map((commit, at) => `${'−+'[at]} ${commit}`)
    );
    const file = diffs.content.getByRole('table', { name: 'helper.py' });
    await expect(line(file, 'removed')).toHaveText(['    return x * 2']);
    await expect(line(file, 'added')).toHaveText(['    return x * 5']);
  };

  test('are told by the folders of their jobs, and by git where a folder is gone', async ({
    page,
    tmpPath,
    server
  }) => {
    const found = await trained(page, tmpPath, server);
    const diffs = new Diffs(page);
    await diffs.open(
      found.map(({ run }) => run),
      'code'
    );
    const commits = found.map(({ commit }) => commit);
    await told(diffs, commits, 'The folders that were copied for the jobs.');
    const jobs = path.join((await page.getServerRoot())!, '../studio/jobs');
    rmSync(path.join(jobs, found[0].job, 'code'), { recursive: true });
    await diffs.again();
    await told(diffs, commits, 'The two commits, and what was recorded beside.');
  });

  test('are told by git when their jobs were deleted', async ({ page, tmpPath, server, panel }) => {
    const found = await trained(page, tmpPath, server);
    await panel.open();
    for (const name of ['times-2', 'times-5']) {
      await panel.choose(panel.row(name), 'Delete Job');
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect(panel.row(name)).toHaveCount(0);
    }
    const diffs = new Diffs(page);
    await diffs.open(
      found.map(({ run }) => run),
      'code'
    );
    await told(
      diffs,
      found.map(({ commit }) => commit),
      'The two commits, and what was recorded beside.'
    );
  });
});

test('Precision-recall curves, tables and pictures are seen side by side', async ({ page, tmpPath, server }) => {
  await server.write(
    `${tmpPath}/curves.ipynb`,
    notebook(
      parameters('doubt: float = 0.2\nwidth: int = 8'),
      code(`import struct, zlib
import studio_ext as studio
tracker = studio.Tracker.load()
tracker.log_precision_recall([0, 0, 1, 1], [0.1, doubt, 0.35, 0.8], title="recalls")
tracker.log_table("folds", {"fold": list(range(width // 4)), "r2": [doubt] * (width // 4)})
def part(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = (b"\\0" + b"\\xc0\\x40\\x20" * width) * 4
with open("stripe.png", "wb") as file:
    file.write(b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, 4, 8, 2, 0, 0, 0))
               + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))
tracker.log_artifact("stripe.png")`)
    )
  );
  const runs: string[] = [];
  for (const [name, values] of Object.entries({ vague: { doubt: 0.4, width: 8 }, sharp: { doubt: 0.2, width: 16 } })) {
    const job = await server.submit(`${tmpPath}/curves.ipynb`, { name, parameters: values });
    runs.push(await recorded(server, job));
  }

  const diffs = new Diffs(page);
  await diffs.open(runs, 'artifacts');
  await diffs.artefact('graphs/recalls.json').click();
  const legend = diffs.content.locator('.jp-StudioChart-legend li');
  // Half of the positives are found at 1, the others at 2/3: 1/2 + 1/3.
  await expect(legend).toHaveText([
    'vague: average precision 0.833',
    'sharp: average precision 1',
    'second less first: +0.167'
  ]);
  const drawing = diffs.content.getByRole('img', { name: /^Precision \/ Recall\./ });
  await expect(drawing).toHaveAccessibleName(/vague: average precision 0\.833; sharp: average precision 1$/);
  const shape = (at: number) => drawing.locator(`[data-curve="${at}"] polyline`);
  await expect(drawing.locator('polyline')).toHaveCount(2);
  const width = await shape(1).evaluate(node => (node as SVGPolylineElement).getBBox().width);
  expect(width).toBeGreaterThan(0);
  // Where all are found, the vague one is right in two of three, the sharp one always.
  expect(await heightAtFullRecall(shape(0))).toBeCloseTo(2 / 3, 2);
  expect(await heightAtFullRecall(shape(1))).toBeCloseTo(1, 2);

  await diffs.artefact('graphs/folds.json').click();
  const pane = (name: string) => diffs.content.getByRole('region', { name, exact: true });
  await expect(pane('vague').getByRole('cell')).toHaveText(['0', '0.4', '1', '0.4']);
  await expect(pane('sharp').getByRole('row')).toHaveCount(5);
  await expect(pane('sharp').locator('td.jp-mod-changed').first()).toHaveText('0.2 ≠');
  await expect(diffs.content).toContainText('4 rows, the first has 2');

  await diffs.artefact('stripe.png').click();
  const pictures = diffs.content.getByRole('img', { name: /stripe\.png$/ });
  await expect(pictures).toHaveCount(2);
  await expect
    .poll(() => pictures.evaluateAll(all => all.map(each => (each as HTMLImageElement).naturalWidth)))
    .toEqual([8, 16]);
  const [left, right] = [(await pictures.nth(0).boundingBox())!, (await pictures.nth(1).boundingBox())!];
  expect(left.x + left.width).toBeLessThanOrEqual(right.x);
});

test('Trials below a trial are listed, and open from there and back', async ({ page, request, baseURL, trialTab }) => {
  const recorder = new Recorder(request, baseURL!, 'trials below');
  const parent = await recorder.record({ name: 'search' });
  const below = (name: string, more = {}) =>
    recorder.record({ name, tags: { 'mlflow.parentRunId': parent }, metrics: { r2: [0.5] }, ...more });
  for (let at = 0; at < 50; at++) {
    await below(`early ${at}`);
  }
  const failed = await below('broken', { isRunning: true });
  await recorder.end(failed, 'FAILED');
  await below('deep', { parameters: { depth: '7' } });
  const goesOn = await below('still going', { isRunning: true });
  await recorder.record({ name: 'stranger' });

  await openTrial(page, parent);
  await expect(trialTab.heading).toHaveText('search');
  const children = trialTab.content.getByRole('region', { name: 'Trials below it' });
  const row = (name: string) => children.getByRole('row').filter({ hasText: name });
  await expect(children.getByRole('row')).toHaveCount(50);
  await expect(row('broken').getByRole('img', { name: 'Failed' })).toBeVisible();
  await expect(row('still going').getByRole('img', { name: 'Running' })).toBeVisible();
  await children.scrollIntoViewIfNeeded();
  await children.getByRole('button', { name: 'Show more' }).click();
  await expect(children.getByRole('row')).toHaveCount(53);
  await expect(row('stranger')).toHaveCount(0);
  await expect(children.getByRole('button', { name: 'Show more' })).toHaveCount(0);

  await row('deep').getByRole('button', { name: 'deep' }).click();
  await expect(trialTab.heading).toHaveText('deep');
  await expect(page.getByRole('tab', { name: 'deep', exact: true })).toHaveAttribute('aria-selected', 'true');
  await trialTab.show('Parameters');
  await expect(trialTab.content.getByRole('row', { name: 'depth 7' })).toBeVisible();
  await trialTab.show('Overview');
  const about = trialTab.content.getByRole('region', { name: 'About' });
  await expect(about).toContainText('Belongs to');
  await about.getByRole('button', { name: 'search' }).click();
  await expect(trialTab.heading).toHaveText('search');
  await recorder.end(goesOn);
});

test('A trial opens in MLflow at the address that a person wrote into the settings', async ({
  page,
  tmpPath,
  server,
  trialTab
}) => {
  await server.write(`${tmpPath}/alpha.ipynb`, notebook(parameters('alpha: float = 1.0'), code('print(alpha)')));
  const runs: string[] = [];
  for (const alpha of [0.125, 0.375]) {
    const job = await server.submit(`${tmpPath}/alpha.ipynb`, { name: `alpha ${alpha}`, parameters: { alpha } });
    runs.push(await recorded(server, job));
  }
  const root = (await page.getServerRoot())!;
  const mlflow = await mlflowServer(path.join(root, '../studio/mlflow.db'), path.join(root, tmpPath));
  try {
    await openTrial(page, runs[1]);
    const about = trialTab.content.getByRole('region', { name: 'About' });
    await expect(about).toContainText('mlflow ui --backend-store-uri');
    await expect(about.getByRole('link')).toHaveCount(0);

    await page.evaluate(() =>
      window.jupyterapp.commands.execute('settingeditor:open', { query: 'Studio: Trials' }).then(() => 0)
    );
    const address = page.getByRole('group', { name: 'Studio: Trials' }).getByRole('textbox');
    await address.fill(`${mlflow.url}/`);
    await address.press('Tab');
    await page.getByRole('tab', { name: 'alpha 0.375', exact: true }).click();
    await expect(about.getByRole('link', { name: 'Open in MLflow' })).toBeVisible();
    await expect(about).not.toContainText('mlflow ui');
    await opensInMlflow(page, about, mlflow.url, await server.experimentOf(runs[1]), runs[1], 'alpha 0.375');
  } finally {
    await mlflow.close();
  }
});

/** A JupyterLab of its own, whose workspace records on a tracking server of MLflow's. */
const withServer = test.extend<{ tracking: string }>({
  tracking: [
    async ({}, use) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'two-trials-'));
      const mlflow = await mlflowServer(path.join(folder, 'mlflow.db'), folder);
      await use(mlflow.url);
      await mlflow.close();
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'test', timeout: 120_000 }
  ],
  baseURL: [
    async ({ tracking }, use) => {
      const lab = await startLab(tracking);
      await use(lab.url);
      await lab.close();
    },
    { scope: 'test', timeout: 120_000 }
  ]
});

withServer(
  'A trial on a tracking server opens there without a setting',
  async ({ page, tmpPath, server, tracking, trialTab }) => {
    await server.write(`${tmpPath}/alpha.ipynb`, notebook(parameters('alpha: float = 1.0'), code('print(alpha)')));
    const job = await server.submit(`${tmpPath}/alpha.ipynb`, { name: 'far away', parameters: { alpha: 0.625 } });
    await server.reaches(job.id, 'Completed');
    const run = (await server.job(job.id)).trial.run_id!;
    const state = async () => {
      const answer = await fetch(`${tracking}/api/2.0/mlflow/runs/get?run_id=${run}`);
      return ((await answer.json()) as { run?: { info: { status: string } } }).run?.info.status;
    };
    await expect.poll(state).toBe('FINISHED');

    await openTrial(page, run);
    await expect(trialTab.heading).toHaveText('far away');
    const about = trialTab.content.getByRole('region', { name: 'About' });
    await expect(about).not.toContainText('mlflow ui');
    await opensInMlflow(page, about, tracking, await server.experimentOf(run), run, 'far away');
  }
);

test('An artefact that was deleted meanwhile says so, in the trial and in the differences', async ({
  page,
  tmpPath,
  server,
  trialTab
}) => {
  await server.write(
    `${tmpPath}/logs.ipynb`,
    notebook(
      parameters('depth: int = 1'),
      code(`import mlflow
mlflow.log_text(f"depth {depth}\\n", "kept/note.txt")
mlflow.log_text(f"a,b\\n{depth},2\\n", "kept/table.csv")
mlflow.log_text('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="9"/>' % (10 * depth), "kept/drawing.svg")`)
    )
  );
  const runs: string[] = [];
  for (const depth of [1, 2]) {
    const job = await server.submit(`${tmpPath}/logs.ipynb`, { name: `depth ${depth}`, parameters: { depth } });
    runs.push(await recorded(server, job));
  }
  await openTrial(page, runs[1]);
  await expect(trialTab.content.getByRole('region', { name: 'About' })).toContainText('Artefacts at');
  const about = await trialTab.content.getByRole('region', { name: 'About' }).innerText();
  const store = /(?:file:\/\/)?(\/\S+\/artifacts)$/m.exec(about)![1];
  await trialTab.show('Artefacts');
  await trialTab.look('kept', 'note.txt');
  await expect(trialTab.preview).toContainText('depth 2');

  const diffs = new Diffs(page);
  await diffs.open(runs, 'artifacts');
  await expect(diffs.artefact('kept/drawing.svg')).toBeVisible();
  renameSync(path.join(store, 'kept'), path.join(store, '../aside'));

  const gone = (name: string) => `The run has no artefact 'kept/${name}'.`;
  for (const name of ['drawing.svg', 'table.csv']) {
    await diffs.artefact(`kept/${name}`).click();
    await expect(diffs.content.locator('.jp-StudioDiff-note')).toHaveText([`depth 2: ${gone(name)}`]);
  }

  await page.getByRole('tab', { name: 'depth 2', exact: true }).click();
  for (const name of ['table.csv', 'drawing.svg']) {
    await trialTab.look(name);
    await expect(trialTab.preview.getByRole('alert')).toContainText(gone(name));
  }
  renameSync(path.join(store, '../aside'), path.join(store, 'kept'));
  await trialTab.preview.getByRole('button', { name: 'Try again' }).click();
  await expect(trialTab.preview.getByRole('img', { name: 'drawing.svg' })).toBeVisible();
  await expect(trialTab.preview.getByRole('alert')).toHaveCount(0);
  rmSync(path.join(store, 'kept/drawing.svg'));
  await trialTab.content.getByRole('button', { name: 'Read them again' }).click();
  await expect(trialTab.tree.getByRole('treeitem', { name: /^drawing/ })).toHaveCount(0);
  await expect(trialTab.tree.getByRole('treeitem', { name: /^table/ })).toHaveCount(1);
  await expect(trialTab.preview.getByRole('alert')).toContainText(gone('drawing.svg'));
});

test('A trial that somebody else deletes says so in its tab, and in its differences', async ({
  page,
  request,
  baseURL,
  server,
  trialTab
}) => {
  const recorder = new Recorder(request, baseURL!, 'deleted elsewhere');
  const run = await recorder.record({ name: 'short-lived', metrics: { r2: [0.1, 0.2] } });
  await ended(server, 'deleted elsewhere', run);
  const other = await recorder.record({ name: 'survivor', metrics: { r2: [0.3] } });
  await openTrial(page, run);
  await expect(trialTab.heading).toHaveText('short-lived');
  const alert = trialTab.content.getByRole('alert');

  await deleteTrial(request, baseURL!, run);
  await expect(alert).toContainText('This trial was deleted.');
  await expect(trialTab.button('Rename')).toHaveCount(0);
  await alert.getByRole('button', { name: 'Restore' }).click();
  await expect(alert).toHaveCount(0);
  await expect(trialTab.button('Rename')).toBeVisible();
  await expect(trialTab.content.locator('.jp-StudioJob-state')).toContainText('Completed');

  // For good, while nobody looks at its tab.
  const diffs = new Diffs(page);
  await diffs.open([run, other], 'data');
  await expect(diffs.said).toContainText('No data is recorded');
  await deleteTrial(request, baseURL!, run);
  await forget(page, run);
  await diffs.again();
  await expect(diffs.content.getByRole('alert')).toContainText(/There is no/);
  await page.getByRole('tab', { name: 'short-lived', exact: true }).click();
  await expect(alert).toHaveText(new RegExp(`There is no trial ${run}\\.`));
  await expect(alert).toContainText('It may have been deleted for good in MLflow.');
  await expect(trialTab.content.locator('.jp-StudioJob-buttons button')).toHaveCount(0);
  await trialTab.show('Artefacts');
  await expect(trialTab.heading).toHaveText('short-lived');
});

test('A text that one trial has not got any more says so', async ({ page, tmpPath, server }) => {
  const log = code(`import mlflow
mlflow.log_text(f"a\\n{depth}\\n", "shown/first.csv")
mlflow.log_text(f"depth {depth}\\n", "kept/note.txt")`);
  await server.write(`${tmpPath}/log.ipynb`, notebook(parameters('depth: int = 1'), log));
  const runs: string[] = [];
  for (const depth of [1, 2]) {
    const job = await server.submit(`${tmpPath}/log.ipynb`, { name: `depth ${depth}`, parameters: { depth } });
    runs.push(await recorded(server, job));
  }
  const diffs = new Diffs(page);
  await diffs.open(runs, 'artifacts');
  await expect(diffs.artefact('kept/note.txt')).toBeVisible();
  const store = path.join((await page.getServerRoot())!, '../studio/artifacts', await server.experimentOf(runs[1]));
  rmSync(path.join(store, runs[1], 'artifacts/kept/note.txt'));
  await diffs.artefact('kept/note.txt').click();
  const text = diffs.content.getByRole('table', { name: 'kept/note.txt' });
  await expect(line(text, 'removed')).toHaveText(['depth 1']);
  await expect(line(text, 'added')).toHaveCount(0);
  await expect(diffs.content.locator('.jp-StudioDiff-viewer')).toContainText('Only the first trial has it.');
});

test.describe('With an address of MLflow in the settings', () => {
  test.use({
    mockSettings: { ...galata.DEFAULT_SETTINGS, 'studio_ext:trials': { mlflowUrl: 'http://127.0.0.1:5000' } }
  });

  test('the link to MLflow looks like the other links', async ({ page, request, baseURL, trialTab }) => {
    const recorder = new Recorder(request, baseURL!, 'links');
    const parent = await recorder.record({ name: 'above' });
    await openTrial(page, await recorder.record({ name: 'below', tags: { 'mlflow.parentRunId': parent } }));
    const about = trialTab.content.getByRole('region', { name: 'About' });
    const colour = await about.getByRole('button', { name: 'above' }).evaluate(node => getComputedStyle(node).color);
    await expect(about.getByRole('link', { name: 'Open in MLflow' })).toHaveCSS('color', colour);
  });
});

test('A trial that is gone for good is not offered to be restored', async ({
  page,
  request,
  baseURL,
  trialTab
}) => {
  const recorder = new Recorder(request, baseURL!, 'gone for good');
  const run = await recorder.record({ name: 'short-lived' });
  await openTrial(page, run);
  await expect(trialTab.heading).toHaveText('short-lived');
  await deleteTrial(request, baseURL!, run);
  const alert = trialTab.content.getByRole('alert');
  await expect(alert).toContainText('This trial was deleted.');
  await forget(page, run);
  await expect(alert.filter({ hasText: `There is no trial ${run}.` })).toBeVisible();
  await expect(trialTab.content.getByRole('button', { name: 'Restore' })).toHaveCount(0);
});

/** The tab in which two trials are held against each other. */
class Diffs {
  constructor(private readonly _page: Page) {
    this.content = _page.locator('.jp-StudioDiffs:visible');
    this.said = this.content.locator('.jp-StudioDiffs-said');
  }

  readonly content: Locator;
  readonly said: Locator;

  async open([first, second]: string[], section = 'notebook'): Promise<void> {
    await this._page.evaluate(args => window.jupyterapp.commands.execute('studio-diffs:open', args).then(() => 0), {
      first,
      second,
      section
    });
    await expect(this.said).toBeVisible();
  }

  async show(name: string): Promise<void> {
    await this.content.getByRole('tab', { name }).click();
  }

  async again(): Promise<void> {
    await this.content.getByRole('button', { name: 'Compare again' }).click();
  }

  /** Rows of a table below their heads. */
  rows(caption: string): Locator {
    return this.content.getByRole('table', { name: caption, exact: true }).locator('tbody tr');
  }

  /** What is said of one thing in a table, cell by cell. */
  cells(caption: string, name: string): Locator {
    const head = this._page.getByRole('rowheader', { name, exact: true });
    return this.rows(caption).filter({ has: head }).locator('td, th');
  }

  artefact(name: string): Locator {
    return this.content.getByRole('list', { name: 'Artefacts' }).getByRole('button', { name });
  }
}

/** The text of the lines that were added or removed. */
function line(table: Locator, kind: 'added' | 'removed'): Locator {
  return table.locator(`tr.jp-mod-${kind} .jp-StudioDiff-code`);
}

/** The highest share on the right edge of a curve's drawing. */
async function heightAtFullRecall(shape: Locator): Promise<number> {
  const points = (await shape.getAttribute('points'))!.split(' ').map(each => each.split(',').map(Number));
  const edge = Math.max(...points.map(([x]) => x));
  const [bottom, side] = [8 + 320, 320];
  return Math.max(...points.filter(([x]) => x === edge).map(([, y]) => (bottom - y) / side));
}

/** Press the link and see the run in the new tab of the browser. */
async function opensInMlflow(
  page: Page,
  about: Locator,
  url: string,
  experiment: string,
  run: string,
  name: string
): Promise<void> {
  const opened = page.context().waitForEvent('page');
  await about.getByRole('link', { name: 'Open in MLflow' }).click();
  const ui = await opened;
  await expect(ui.getByRole('main').getByRole('heading', { name, exact: true })).toBeVisible();
  expect(ui.url()).toMatch(new RegExp(`^${url}/#/experiments/${experiment}/runs/${run}`));
  await expect(ui.getByRole('main').getByText(run).first()).toBeVisible();
  await ui.close();
}

async function openTrial(page: Page, run: string): Promise<void> {
  await page.evaluate(run => window.jupyterapp.commands.execute('studio-trials:show', { run }).then(() => 0), run);
}

/** Delete a trial as a program elsewhere does it. */
async function deleteTrial(request: APIRequestContext, base: string, run: string): Promise<void> {
  const response = await request.post(`${base}/studio/api/trials/delete`, { data: { run_ids: [run] } });
  expect(response.ok(), await response.text()).toBe(true);
}

/** Remove a deleted trial from the store, as whoever looks after it does. */
async function forget(page: Page, run: string): Promise<void> {
  const studio = path.join((await page.getServerRoot())!, '../studio');
  const store = `sqlite:///${studio}/mlflow.db`;
  await promisify(execFile)(python(), ['-m', 'mlflow', 'gc', '--backend-store-uri', store, '--run-ids', run], {
    cwd: studio,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_TRACKING_URI: store }
  });
}

/** Wait until all that a program recorded of a trial is in the store. */
async function ended(server: StudioServer, experiment: string, run: string): Promise<void> {
  const state = async () => (await server.trials(experiment)).find(trial => trial.run_id === run)?.status;
  await expect.poll(state).toBe('FINISHED');
}

/** The run of a job, once all is recorded. */
async function recorded(server: StudioServer, { id }: IJob): Promise<string> {
  await server.reaches(id, 'Completed');
  const { experiment, run_id } = (await server.job(id)).trial;
  await ended(server, experiment, run_id!);
  return run_id!;
}

/** Versions of the packages that a job recorded. */
async function listed(server: StudioServer, run: string): Promise<Map<string, string>> {
  const text = await server.artifact(run, 'environment/packages.txt');
  const found = text.trim().split('\n');
  return new Map(
    found.map(each => {
      const [name, version] = each.split('==');
      return [name.replace(/[-_.]+/g, '-').toLowerCase(), version];
    })
  );
}

/** Make a virtual environment that has these packages beside the project's; returns its interpreter. */
function environment(folder: string, packages: Record<string, string>): string {
  execFileSync(python(), ['-m', 'venv', '--without-pip', folder]);
  const interpreter = path.join(folder, 'bin/python');
  const place = (from: string) =>
    execFileSync(from, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], { encoding: 'utf8' }).trim();
  writeFileSync(path.join(place(interpreter), 'project.pth'), `${place(python())}\n`);
  for (const [name, version] of Object.entries(packages)) {
    const information = path.join(place(interpreter), `${name.replace('-', '_')}-${version}.dist-info`);
    mkdirSync(information);
    const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`;
    writeFileSync(path.join(information, 'METADATA'), metadata);
  }
  return interpreter;
}

/** Run git in a folder, whoever works here. */
function git(folder: string, ...command: string[]): string {
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', [...who, ...command], { cwd: folder, encoding: 'utf8' }).trim();
}

/** `serve.py` on a port of its own, with another tracking store. */
async function startLab(tracking: string): Promise<{ url: string; close: () => Promise<void> }> {
  const socket = createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  const script = `import os, sys, serve
before = serve._environment
serve._environment = lambda home: before(home) | {"STUDIO_TRACKING_URI": os.environ["TWO_TRACKING_URI"]}
sys.exit(serve.main(${port}))`;
  const child = spawn(python(), ['-c', script], {
    cwd: path.resolve(__dirname, '..'),
    env: { ...process.env, TWO_TRACKING_URI: tracking },
    stdio: 'ignore'
  });
  const ended = once(child, 'exit');
  const url = `http://localhost:${port}`;
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const answers = () =>
    fetch(`${url}/lab`).then(
      ({ ok }) => ok,
      () => false
    );
  try {
    await expect.poll(answers, { timeout: 100_000 }).toBe(true);
  } catch (reason) {
    await close();
    throw reason;
  }
  return { url, close };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
