import type { Locator } from '@playwright/test';
import { expect, test } from '../fixtures';
import { CompareTab } from '../pages/CompareTab';
import { copied, drawnAt, legendOf, listen, marksOf, scale, settled } from '../pages/drawn';
import { Recorder } from '../recorder';

test('Two hundred trials are compared at once', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'two hundred');
  const record = (at: number) =>
    recorder.record({
      name: `trial ${at}`,
      parameters: { number: String(at), fold: String(at % 5) },
      metrics: { loss: Array.from({ length: 20 }, () => at) }
    });
  const runs = [await record(0)];
  while (runs.length < 200) {
    const next = Array.from({ length: Math.min(20, 200 - runs.length) }, (_, at) => runs.length + at);
    runs.push(...(await Promise.all(next.map(record))));
  }
  const tab = new CompareTab(page);
  const card = tab.card('loss');
  const plot = tab.plot('loss');
  const charts = [{ id: 'a', type: 'line', metrics: ['loss'], wide: true }];
  await listen(page);
  await page.evaluate(() => {
    const tasks: number[] = ((window as any).__tasks = []);
    new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration))).observe({
      type: 'longtask'
    });
  });
  await tab.open({ sources: [{ experiment: 'two hundred', run_ids: runs }], charts });
  await expect(tab.chips).toHaveCount(200);
  await expect(plot).toHaveAttribute('aria-label', /^loss: trial 0: last 0, .*; trial 7: last 7, .*; 192 more lines$/);

  // All of them are drawn, so close that nothing is left between them.
  const marks = await marksOf(plot);
  const [x, y] = [scale(marks.across).place(9.5), scale(marks.up)];
  const [above, among] = await plot.locator('canvas').evaluate(
    (canvas: HTMLCanvasElement, [x, parts]) =>
      parts.map(([top, bottom]) => {
        const { data } = canvas.getContext('2d')!.getImageData(x, top, 1, bottom - top);
        return Array.from(data).filter((value, at) => at % 4 === 3 && value > 100).length / (bottom - top);
      }),
    [
      Math.round(x),
      [
        [210, 202],
        [197, 2]
      ].map(each => each.map(value => Math.round(y.place(value))))
    ] as const
  );
  expect(above).toBe(0);
  expect(among).toBe(1);
  const rows = (await copied(page, card)).slice(1);
  expect(rows).toHaveLength(200 * 20);
  expect(new Set(rows.map(each => each[0])).size).toBe(200);

  // Instead of a legend, the pointer tells what is next to it, and a click picks that.
  await expect(card.locator('.jp-StudioChart-legend')).toHaveCount(0);
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2 + 3, box.y + y.place(120));
  const pointer = card.locator('.jp-StudioLineChart-pointer');
  await expect(pointer).toContainText(/^step \d+/);
  await expect(pointer.locator('.jp-StudioLineChart-near')).toHaveCount(6);
  await expect(pointer.locator('.jp-StudioLineChart-near').first()).toHaveText(/^trial (119|120|121)\1$/);
  await expect(pointer).toContainText(/\+ \d+$/);
  await page.mouse.down();
  await page.mouse.up();
  const picked = tab.chips.locator('.jp-StudioChip-name[aria-pressed="true"]');
  await expect(picked).toHaveText(/^trial (119|120|121)$/);

  // The table has a column for each.
  await expect(tab.table).toHaveAttribute('aria-colcount', '201');
  await tab.table.evaluate(each => each.scrollTo({ left: each.scrollWidth }));
  await expect(tab.table.getByRole('columnheader', { name: 'trial 199' })).toBeVisible();
  await expect(tab.row('params.number').getByRole('cell').last()).toHaveText('199');
  await expect(tab.row('metrics.loss').getByRole('cell').last()).toHaveText('199');

  // Nobody had to wait long for the page, even where other things run as well: seconds without a processor count, too.
  expect(Math.max(0, ...(await page.evaluate(() => (window as any).__tasks as number[])))).toBeLessThan(6_000);

  // As soon as they are few enough, they have a legend.
  await tab.open({ sources: [{ experiment: 'two hundred', run_ids: runs.slice(0, 13) }], charts });
  await expect(tab.chips).toHaveCount(13);
  await expect(plot).toHaveAttribute('aria-label', /; 5 more lines$/);
  await expect(card.locator('.jp-StudioChart-legend')).toHaveCount(0);
  await tab.button('Hide trial 12').click();
  await expect(card.locator('.jp-StudioChart-legend li')).toHaveCount(12);
  expect(Object.keys(await legendOf(card))).toEqual(Array.from({ length: 12 }, (_, at) => `trial ${at}`));
});

/** Three trials whose name, parameters and metric have 250 characters, and differ at the end only. */
async function recordLong(recorder: Recorder) {
  const long = (word: string, end: string) => word.repeat(50).slice(0, 250 - end.length) + end;
  const [metric, parameter, choice] = ['validation_loss_', 'parameter_of_model_', 'choice_'].map(word =>
    long(word, '')
  );
  const names = ['-a', '-b', '-c'].map(end => long('attempt_', end));
  const runs: string[] = [];
  for (const [at, name] of names.entries()) {
    runs.push(
      await recorder.record({
        name,
        parameters: { [parameter]: long('value_', `-${at}`), [choice]: String(at) },
        metrics: { [metric]: [3 + at, 2, 1 + at] }
      })
    );
  }
  return { runs, names, metric, keys: [`metrics.${metric}`, `params.${parameter}`, `params.${choice}`] };
}

/** Have all charts drawn, one after the other, as they are where somebody scrolls. */
async function drawAll(tab: CompareTab): Promise<void> {
  for (const card of await tab.cards.all()) {
    await card.scrollIntoViewIfNeeded();
    await expect(
      card.locator('.jp-StudioChart canvas, .jp-StudioChart-plot svg, .jp-StudioEmpty').first()
    ).toBeVisible();
  }
}

test('Names of 250 characters stay within their places, and can be read in full', async ({
  page,
  request,
  baseURL
}) => {
  const { runs, names, metric, keys } = await recordLong(new Recorder(request, baseURL!, 'long names'));
  const [m, p, c] = keys;
  const tab = new CompareTab(page);
  await tab.open({
    sources: [{ experiment: 'long names', run_ids: runs }],
    charts: [
      { id: 'lines', type: 'line', metrics: [metric] },
      { id: 'groups', type: 'line', metrics: [metric], group_by: p },
      { id: 'points', type: 'scatter', x: c, y: m, colour: p },
      { id: 'boxes', type: 'box', by: p, value: m },
      { id: 'cells', type: 'heatmap', x: c, y: p, value: m },
      { id: 'bars', type: 'histogram', value: m },
      { id: 'axes', type: 'parallel', keys: [p, c, m], wide: true }
    ]
  });
  await settled(tab, runs.length, m, p, c);
  await expect(tab.cards).toHaveCount(7);

  // Whole in what is said, and where the pointer rests.
  const line = tab.cards.first();
  await expect(line).toHaveAccessibleName(metric);
  await expect(line.locator('.jp-StudioChart-title')).toHaveAttribute('title', metric);
  await expect(line.locator('.jp-StudioChart-legend li').last()).toHaveAttribute('title', names[2]);
  await expect(tab.row(m).getByRole('rowheader')).toHaveAttribute('title', `${metric} (lower is better)`);
  const entries = [tab.chips.getByRole('button'), tab.table.getByRole('columnheader').getByRole('button')];
  for (const each of entries) {
    await expect(each.first()).toHaveAttribute('title', new RegExp(`^${names[0]}\n`));
  }

  await tab.button('Charts').click();
  await drawAll(tab);
  const overflows = async () =>
    tab.content.evaluate(node => {
      const places = [node, ...node.querySelectorAll('.jp-StudioCompare-charts, .jp-StudioCard, .jp-StudioChip')];
      return places.filter(each => each.scrollWidth > each.clientWidth).map(each => each.className);
    });
  expect(await overflows()).toEqual([]);
  const boxes = await tab.cards.evaluateAll(all => all.map(each => each.getBoundingClientRect().toJSON() as DOMRect));
  boxes.forEach((one, at) =>
    boxes.slice(at + 1).forEach(other => {
      const isBeside = one.right <= other.left || other.right <= one.left;
      expect(isBeside || one.bottom <= other.top || other.bottom <= one.top).toBe(true);
    })
  );
  // What stands at the axes is cut before it leaves the chart.
  const outside = await tab.cards.evaluateAll(all =>
    all.flatMap(card => {
      const { left, right } = card.getBoundingClientRect();
      return [...card.querySelectorAll('.jp-StudioChart-plot svg text')]
        .filter(each => each.getBoundingClientRect().left < left || each.getBoundingClientRect().right > right)
        .map(each => `${card.getAttribute('data-chart')}: ${each.textContent}`);
    })
  );
  expect(outside).toEqual([]);
  await tab.button('Both').click();
  await expect(tab.table).toBeVisible();
  expect(await overflows()).toEqual([]);
});

test('A sentence about a name of 250 characters is broken where its card ends', async ({
  page,
  request,
  baseURL
}) => {
  const { runs, keys, metric } = await recordLong(new Recorder(request, baseURL!, 'long sentences'));
  const tab = new CompareTab(page);
  await tab.open({
    sources: [{ experiment: 'long sentences', run_ids: runs }],
    charts: [
      { id: 'matter', type: 'importance', metric: keys[0] },
      { id: 'lines', type: 'line', metrics: [metric], x: 'metric', x_metric: metric }
    ]
  });
  await settled(tab, runs.length, ...keys);
  const [matter, lines] = [tab.cards.first(), tab.cards.last()];
  await expect(matter).toContainText('it takes 10 or more');
  await expect(lines).toContainText('joined by step');
  for (const card of [matter, lines]) {
    expect.soft(await card.evaluate(each => each.scrollWidth - each.clientWidth)).toBeLessThanOrEqual(0);
  }
});

test('Names of parallel axes do not cover each other in a narrow chart', async ({ page, request, baseURL }) => {
  const { runs, keys } = await recordLong(new Recorder(request, baseURL!, 'long axes'));
  const tab = new CompareTab(page);
  await tab.open({
    sources: [{ experiment: 'long axes', run_ids: runs }],
    charts: [{ id: 'axes', type: 'parallel', keys: [keys[1], keys[2], keys[0]] }]
  });
  await settled(tab, runs.length, ...keys);
  const names = tab
    .plot('Parallel coordinates')
    .locator('svg text')
    .filter({ hasText: /^(parameter|choice|validation)_/ });
  await expect(names).toHaveCount(3);
  const boxes = await names.evaluateAll(all =>
    all
      .map(each => each.getBoundingClientRect())
      .sort((a, b) => a.left - b.left)
      .map(({ left, right }) => ({ left, right }))
  );
  expect(boxes[0].right).toBeLessThanOrEqual(boxes[1].left);
  expect(boxes[1].right).toBeLessThanOrEqual(boxes[2].left);
});

test('What cannot be drawn is said', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'odd values');
  const run = await recorder.record({
    name: 'odd',
    metrics: {
      nothing: [NaN, NaN],
      infinite: [1, Infinity, -Infinity, NaN, 2],
      same: [5, 5, 5],
      negative: [-3, -2, -1],
      mixed: [-1, 0, 10, 100],
      huge: [1e308, -1e308, 1.7e308]
    }
  });
  const tab = new CompareTab(page);
  const metrics = ['nothing', 'infinite', 'same', 'negative', 'mixed', 'huge', 'unknown'];
  const logarithmic = ['negative', 'mixed', 'same'];
  await listen(page);
  await tab.open({
    sources: [{ experiment: 'odd values', run_ids: [run] }],
    charts: [
      ...metrics.map(metric => ({ id: metric, type: 'line', metrics: [metric] })),
      ...logarithmic.map(metric => ({
        id: `log-${metric}`,
        type: 'line',
        title: `log ${metric}`,
        metrics: [metric],
        log_y: true
      })),
      { id: 'bars', type: 'histogram', value: 'metrics.nothing' },
      { id: 'one-bar', type: 'histogram', value: 'metrics.same' },
      { id: 'points', type: 'scatter', x: 'metrics.negative', y: 'metrics.same', log_x: true }
    ]
  });
  await settled(tab, 1, 'metrics.same');
  await tab.button('Charts').click();
  await drawAll(tab);
  /** What a chart of a line says of it, and below its title. */
  const says = async (title: string, words: string, note = '') => {
    await expect(tab.plot(title)).toHaveAttribute('aria-label', `${title}: odd: ${words}`);
    const found = tab.card(title).locator('.jp-StudioChart-note');
    await (note ? expect(found).toHaveText(note) : expect(found).toHaveCount(0));
  };
  await says('nothing', 'no values', '2 values are NaN or infinite');
  await says('infinite', 'last 2, smallest 1, largest 2', '3 values are NaN or infinite');
  await says('same', 'last 5, smallest 5, largest 5');
  await says('negative', 'last -1, smallest -3, largest -1');
  await says('mixed', 'last 100, smallest -1, largest 100');
  await says('huge', 'last 1.7e+308, smallest -1e+308, largest 1.7e+308');
  await says('log negative', 'last -1, smallest -3, largest -1', '3 values that are not above zero are left out');
  await says('log mixed', 'last 100, smallest -1, largest 100', '2 values that are not above zero are left out');
  await says('log same', 'last 5, smallest 5, largest 5');
  await expect(tab.card('unknown')).toContainText('None of the trials has logged unknown.');
  await expect(tab.card('How often: nothing')).toContainText('No trial has a value of nothing that can be drawn.');
  await expect(tab.card('How often: nothing')).toContainText('1 NaN or infinite value of nothing');
  await expect(tab.plot('How often: same')).toHaveAttribute('aria-label', 'How often: same: 1 trial in 1 bar: 5: 1');
  const points = tab.card('same over negative');
  await expect(points).toContainText('No trial has values of both, negative and same, that can be drawn.');
  await expect(points).toContainText('1 value of negative that is not above 0');

  // A gap is left where there is no number; a level line is in the middle, also on a logarithmic axis.
  const plot = (title: string) => tab.plot(title);
  await plot('infinite').scrollIntoViewIfNeeded();
  expect(await drawnAt(plot('infinite'), [1, 2, 3], 0)).toEqual([null, null, null]);
  const [level] = await drawnAt(plot('same'), [1.6], 0);
  expect(level![0]).toBeCloseTo(5, 0);
  await plot('log same').scrollIntoViewIfNeeded();
  expect((await marksOf(plot('log same'))).up.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['1', '10', '100'])
  );
  // A logarithmic scale is offered where something is above zero only.
  await expect(tab.card('negative').getByRole('button', { name: 'log', exact: true })).toBeDisabled();
  await expect(tab.card('nothing').getByRole('button', { name: 'log', exact: true })).toBeDisabled();
  await tab.card('mixed').getByRole('button', { name: 'log', exact: true }).click();
  await says('mixed', 'last 100, smallest -1, largest 100', '2 values that are not above zero are left out');
});

test('The code of charts comes with the first chart, and that of other kinds with theirs', async ({
  page,
  panel,
  request,
  baseURL
}) => {
  const recorder = new Recorder(request, baseURL!, 'late code');
  const runs = [
    await recorder.record({ name: 'one', parameters: { lr: '1' }, metrics: { loss: [3, 2] } }),
    await recorder.record({ name: 'two', parameters: { lr: '2' }, metrics: { loss: [2, 1] } })
  ];
  const bodies = new Map<string, Promise<string>>();
  page.on('response', response => {
    const name = /\/studio_ext\/static\/([\w.]+\.js)/.exec(response.url())?.[1];
    if (name) {
      // What still comes when the page closes has no body.
      bodies.set(
        name,
        response.text().catch(() => '')
      );
    }
  });
  /** Which libraries are there, told by what only they say. */
  const libraries = async () => {
    const all = (await Promise.all(bodies.values())).join('\n');
    return Object.entries({ uPlot: /\bu-legend\b/, ECharts: /_ec_inner\b/ })
      .filter(([, word]) => word.test(all))
      .map(([name]) => name);
  };
  const tab = new CompareTab(page);
  await page.reload();
  await expect(page.getByRole('tab', { name: /^Studio/ })).toBeVisible();
  const atStart = bodies.size;
  expect(atStart).toBeGreaterThan(1);
  expect(await libraries()).toEqual([]);

  // What the panel shows is there, and the page has nothing left to do.
  await panel.open();
  await expect(panel.experiment('late code')).toBeVisible();
  await page.evaluate(() => new Promise(resolve => requestIdleCallback(resolve)));
  expect(bodies.size).toBeGreaterThan(atStart);
  expect(await libraries()).toEqual([]);

  await tab.open({
    sources: [{ experiment: 'late code', run_ids: runs }],
    charts: [{ id: 'a', type: 'line', metrics: ['loss'] }]
  });
  await expect(tab.plot('loss').locator('canvas')).toBeVisible();
  expect(await libraries()).toEqual(['uPlot']);
  await tab.add('scatter', { 'x axis': 'params.lr', 'y axis': 'metrics.loss' });
  await expect(tab.plot('loss over lr').locator('svg')).toBeVisible();
  expect(await libraries()).toEqual(['uPlot', 'ECharts']);
});

test('What is picked in one chart is picked in all, and in the table', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'picked');
  const names = ['low', 'middle', 'high', 'top'];
  const runs: string[] = [];
  for (const [at, name] of names.entries()) {
    const metrics = { loss: Array.from({ length: 11 }, () => 10 * at) };
    runs.push(await recorder.record({ name, parameters: { lr: String(at + 1) }, metrics }));
  }
  const tab = new CompareTab(page);
  await page.setViewportSize({ width: 1440, height: 1400 });
  await listen(page);
  await tab.open({
    sources: [{ experiment: 'picked', run_ids: runs }],
    charts: [
      { id: 'a', type: 'line', metrics: ['loss'] },
      { id: 'b', type: 'scatter', x: 'params.lr', y: 'metrics.loss' },
      { id: 'c', type: 'parallel', keys: ['params.lr', 'metrics.loss'], wide: true }
    ]
  });
  await settled(tab, runs.length, 'params.lr', 'metrics.loss');
  const [lines, points, axes] = ['loss', 'loss over lr', 'Parallel coordinates'].map(title => tab.plot(title));
  await expect(points.locator('svg')).toBeVisible();
  await axes.scrollIntoViewIfNeeded();
  await expect(axes.locator('svg')).toBeVisible();

  const pressed = (place: Locator) =>
    place.evaluateAll((all, names) => names.filter((_, at) => all[at]?.querySelector('[aria-pressed="true"]')), names);
  /** Names of trials whose colour is that of what is found in a drawing. */
  const coloured = (plot: Locator, attribute: 'fill' | 'stroke', selector: string) =>
    plot.evaluate(
      (node, [attribute, selector, names]) => {
        const probe = node.appendChild(document.createElement('i'));
        const plain = (colour: string) => {
          probe.style.color = colour;
          return getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
        };
        const found = [...node.querySelectorAll(`svg ${selector}`)].map(each => plain(each.getAttribute(attribute)!));
        const isNear = (one: number[], other: number[]) => one.every((each, at) => Math.abs(each - other[at]) < 3);
        const picked = names.filter((_, at) => {
          const own = plain(`var(--jp-studio-series-${at})`);
          return found.some(each => isNear(each, own));
        });
        probe.remove();
        return picked;
      },
      [attribute, selector, names] as const
    );
  /** Which lines are drawn at full strength. */
  const strongLines = async () => {
    const found = await Promise.all(names.map(async (_, at) => (await drawnAt(lines, [5.5], at))[0]));
    return names.filter((_, at) => found[at]);
  };
  const expectPicked = async (...picked: string[]) => {
    await expect
      .poll(async () => ({
        chips: await pressed(tab.chips),
        table: await pressed(tab.table.getByRole('columnheader').filter({ has: page.getByRole('button') })),
        legend: await pressed(tab.card('loss').locator('.jp-StudioChart-legend li')),
        lines: await strongLines(),
        points: await coloured(points, 'fill', 'path[transform^="matrix"]:not([fill-opacity="0.15"])'),
        axes: await coloured(axes, 'stroke', 'path[stroke-width="3"]')
      }))
      .toEqual({ chips: picked, table: picked, legend: picked, lines: picked, points: picked, axes: picked });
  };
  const away = () => page.mouse.move(5, 5);

  const { up } = await marksOf(lines);
  await lines.click({ position: { x: 250, y: scale(up).place(20) } });
  await away();
  await expectPicked('high');

  // A point of another chart, besides it.
  const [first] = await points
    .locator('svg path[transform^="matrix"]')
    .evaluateAll(all => all.map(each => each.getBoundingClientRect().toJSON() as DOMRect).sort((a, b) => a.x - b.x));
  await page.keyboard.down('Control');
  await page.mouse.click(first.x + first.width / 2, first.y + first.height / 2);
  await page.keyboard.up('Control');
  await away();
  await expectPicked('low', 'high');

  await tab.table.getByRole('columnheader', { name: 'middle' }).getByRole('button').click();
  await away();
  await expectPicked('middle');

  // What is brushed on an axis, and no other.
  const frame = (await axes.boundingBox())!;
  await page.mouse.move(frame.x + 48, frame.y + 30);
  await page.mouse.down();
  await page.mouse.move(frame.x + 48, frame.y + 105, { steps: 5 });
  await page.mouse.up();
  await away();
  await expectPicked('high', 'top');

  // Beside all lines: nothing.
  await lines.click({ position: { x: 250, y: scale(up).place(15) } });
  await away();
  await expect(tab.chips.locator('[aria-pressed="true"]')).toHaveCount(0);
});

test('Trials of two experiments are points, with a colour and a size', async ({ page, request, baseURL }) => {
  const sources: { experiment: string; run_ids: string[] }[] = [];
  for (const [experiment, depths] of [
    ['old forest', [1, 2]],
    ['new forest', [4, 9]]
  ] as const) {
    const recorder = new Recorder(request, baseURL!, experiment);
    const run_ids: string[] = [];
    for (const depth of depths) {
      run_ids.push(
        await recorder.record({
          name: `depth ${depth}`,
          parameters: { depth: String(depth), kind: experiment },
          metrics: { loss: [1 / depth], seconds: [depth * depth] }
        })
      );
    }
    sources.push({ experiment, run_ids });
  }
  const tab = new CompareTab(page);
  await tab.open({ sources, charts: [] });
  await expect(tab.chips).toHaveText([/depth 1/, /depth 2/, /depth 4/, /depth 9/]);
  await settled(tab, 4, 'params.depth', 'metrics.loss', 'metrics.seconds');
  await tab.button('Charts').click();
  await tab.add('scatter', {
    'x axis': 'params.depth',
    'y axis': 'metrics.loss',
    'Colour (optional)': 'params.kind',
    'Size (optional)': 'metrics.seconds'
  });
  const points = tab.cards.locator('svg path[transform^="matrix"]');
  await expect(points).toHaveCount(4);
  await tab.cards.locator('.jp-StudioChart-plot').hover({ position: { x: 2, y: 2 } });
  const drawn = await points.evaluateAll(all =>
    all
      .map(each => ({ fill: each.getAttribute('fill'), box: each.getBoundingClientRect() }))
      .sort((a, b) => a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2))
      .map(({ fill, box }) => ({ fill, width: box.width }))
  );
  const [old, , young] = drawn.map(({ fill }) => fill);
  expect(old).not.toBe(young);
  expect(drawn.map(({ fill }) => fill)).toEqual([old, old, young, young]);
  for (const [at, { width }] of drawn.slice(1).entries()) {
    expect(width).toBeGreaterThan(drawn[at].width);
  }
  await expect(tab.cards.locator('.jp-StudioChart-legend')).toContainText('old forest');
});

test('Boxes, bars and cells are added, and say the right numbers', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'kinds of charts');
  const record = (name: string, optimizer: string, depth: number, loss: number) =>
    recorder.record({ name, parameters: { optimizer, depth: String(depth) }, metrics: { loss: [loss] } });
  const runs = [
    await record('a', 'adam', 1, 1),
    await record('b', 'adam', 1, 3),
    await record('c', 'adam', 2, 5),
    await record('d', 'sgd', 2, 10),
    await record('e', 'sgd', 2, 30)
  ];
  const tab = new CompareTab(page);
  await tab.open({ sources: [{ experiment: 'kinds of charts', run_ids: runs }], charts: [] });
  await settled(tab, runs.length, 'params.depth', 'metrics.loss');
  await tab.button('Charts').click();
  const texts = (title: string) => tab.plot(title).locator('svg text').allTextContents();
  const tableOf = async (title: string) => {
    await tab
      .card(title)
      .getByRole('button', { name: `Show ${title} as a table` })
      .click();
    const rows = await tab.card(title).getByRole('row').all();
    return Promise.all(rows.map(each => each.locator('th, td').allTextContents()));
  };

  await tab.add('box', { 'A box for each value of': 'params.optimizer', 'Shows the spread of': 'metrics.loss' });
  const boxes = 'loss by optimizer';
  await expect(tab.plot(boxes).locator('svg')).toBeVisible();
  expect(await texts(boxes)).toEqual(expect.arrayContaining(['loss', 'optimizer', 'adam', 'sgd', '0', '30']));
  await tab.plot(boxes).press('ArrowRight');
  const half = 'optimizer: adam, 3 trials, middle of loss: 3, half between 2 and 4';
  await expect(tab.card(boxes).locator('.jp-StudioChart-where')).toHaveText(half);
  await expect(tab.card(boxes).locator('.jp-StudioChart-tip')).toContainText('middle of loss: 3');
  expect(await tableOf(boxes)).toEqual([
    ['optimizer', 'Trials', 'Low', 'Lower quartile', 'Median', 'Upper quartile', 'High'],
    ['adam', '3', '1', '2', '3', '4', '5'],
    ['sgd', '2', '10', '15', '20', '25', '30']
  ]);

  await tab.add('histogram', { 'Values of': 'params.depth' });
  const bars = 'How often: depth';
  await expect(tab.plot(bars)).toHaveAttribute('aria-label', `${bars}: 5 trials in 2 bars: 1: 2; 2: 3`);
  await expect(tab.plot(bars).locator('svg')).toBeVisible();
  const heights = await tab
    .plot(bars)
    .locator('svg path[fill-opacity="0.8"]')
    .evaluateAll(all => all.map(each => each.getBoundingClientRect().height));
  expect(heights).toHaveLength(2);
  expect(heights[0] / heights[1]).toBeCloseTo(2 / 3, 1);

  await tab.add('heatmap', {
    'x axis': 'params.optimizer',
    'y axis': 'params.depth',
    'Shows the mean of': 'metrics.loss'
  });
  const cells = 'loss by optimizer and depth';
  await expect(tab.plot(cells).locator('svg')).toBeVisible();
  expect(await texts(cells)).toEqual(['depth', 'optimizer', '1', '2', 'adam', 'sgd', '2', '5', '20']);
  await expect(tab.card(cells).locator('.jp-StudioChart-ramp')).toHaveText('mean of loss220');
  expect(await tableOf(cells)).toEqual([
    ['optimizer', 'depth', 'Mean of loss', 'Trials'],
    ['adam', '1', '2', '2'],
    ['adam', '2', '5', '1'],
    ['sgd', '2', '20', '2']
  ]);

  // Of so few trials it cannot be told what matters.
  await tab.add('importance', { 'What matters for': 'metrics.loss' });
  await expect(tab.card('What matters for loss').locator('.jp-StudioEmpty')).toHaveText(
    'Only 5 trials with a finite value of loss: it takes 10 or more.'
  );
});

test('What matters for a metric is told from its trials', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'what matters');
  const runs: string[] = [];
  for (let at = 0; at < 30; at++) {
    const parameters = { lr: String(at), fold: String((7 * at) % 5), optimizer: at % 2 ? 'sgd' : 'adam' };
    runs.push(await recorder.record({ name: `trial ${at}`, parameters, metrics: { loss: [100 - 3 * at] } }));
  }
  const tab = new CompareTab(page);
  const title = 'What matters for loss';
  await tab.open({ sources: [{ experiment: 'what matters', run_ids: runs }], charts: [] });
  await settled(tab, runs.length, 'params.lr', 'metrics.loss');
  await tab.add('importance', { 'What matters for': 'metrics.loss' });
  const card = tab.card(title);
  await expect(tab.plot(title)).toHaveAttribute(
    'aria-label',
    /^What matters for loss: lr (9\d|100) %, correlation -1\.00; /
  );
  await expect(tab.plot(title)).toHaveAttribute('aria-label', /optimizer \d %, no number: no correlation/);
  await expect(card.locator('.jp-StudioChart-note')).toHaveText(
    /^The parameters tell (9\d|100) % of loss, out of 30 trials$/
  );
  await expect(card.locator('.jp-StudioChart-legend')).toContainText('↓ more of it, less loss');
  await expect(tab.plot(title).locator('svg')).toBeVisible();
  await expect(tab.plot(title).locator('svg text', { hasText: /^lr ↓$/ })).toBeVisible();

  // Fewer, or a metric that none of them explains: that is said.
  await tab.open({
    sources: [{ experiment: 'what matters', run_ids: runs.slice(0, 12) }],
    charts: [{ id: 'a', type: 'importance', metric: 'metrics.loss' }]
  });
  await expect(card.locator('.jp-StudioChart-note')).toHaveText(
    /^(Out of 12 trials only: a hint, no more\.|The parameters tell little of loss\.)/
  );
});
