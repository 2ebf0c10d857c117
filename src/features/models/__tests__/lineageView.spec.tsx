import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import type { Lineage, LineageEdge, LineageNode } from '../../../contract';
import { LineageModel, MAX_DRAWN } from '../../../models/lineageModel';
import { LineageView } from '../components/lineageView';

function node(
  kind: LineageNode['kind'],
  id: string,
  more: Partial<LineageNode> = {}
): LineageNode {
  return {
    kind,
    id,
    label: id,
    detail: '',
    status: '',
    time: null,
    experiment: '',
    is_deleted: false,
    is_whole: true,
    more: false,
    ...more
  };
}

function edge(source: LineageNode, target: LineageNode): LineageEdge {
  return {
    source_kind: source.kind,
    source: source.id,
    target_kind: target.kind,
    target: target.id
  };
}

const DATA = node('data', 'abc', {
  label: '<b>houses</b>.csv',
  is_whole: false
});
const TRIAL = node('trial', 'r1', {
  label: 'depth 8',
  detail: 'houses',
  experiment: 'houses',
  status: 'FINISHED'
});
const MODEL = node('model', 'a/b/3', {
  label: 'a/b 3',
  detail: 'champion',
  status: 'READY'
});
const LINEAGE: Lineage = {
  kind: 'trial',
  id: 'r1',
  nodes: [TRIAL, DATA, MODEL],
  edges: [edge(DATA, TRIAL), edge(TRIAL, MODEL)],
  is_cut: false
};

describe('lineage', () => {
  let server: FakeServer;
  let model: LineageModel;
  let opened: string[];

  beforeEach(() => {
    server = new FakeServer().on('GET lineage', LINEAGE);
    model = new LineageModel(server.client, { kind: 'trial', id: 'r1' });
    opened = [];
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  async function show(): Promise<void> {
    render(
      <LineageView
        model={model}
        onOpen={each => opened.push(each.id)}
        trans={trans}
      />
    );
    await act(() => model.load());
  }

  const box = (name: RegExp) => screen.getByRole('button', { name });

  it('shows boxes that open what they stand for', async () => {
    await show();
    fireEvent.click(box(/^depth 8 · Trial · houses · Completed/));
    fireEvent.click(box(/^a\/b · Model · version 3 · champion/));
    expect(opened).toEqual(['r1', 'a/b/3']);
    expect(screen.getByText('<b>houses</b>.csv')).toBeTruthy();
    expect(
      document.querySelectorAll('svg path[d^="M"]').length
    ).toBeGreaterThan(1);
  });

  it('is walked with the arrow keys', async () => {
    await show();
    const trial = box(/^depth 8/);
    expect(trial.tabIndex).toBe(0);
    trial.focus();
    fireEvent.keyDown(trial, { key: 'ArrowLeft' });
    const data = box(/^<b>houses/);
    expect(document.activeElement).toBe(data);
    expect([data.tabIndex, trial.tabIndex]).toEqual([0, -1]);
    fireEvent.keyDown(data, { key: 'ArrowLeft' });
    expect(document.activeElement).toBe(data);
    fireEvent.keyDown(data, { key: 'ArrowRight' });
    fireEvent.keyDown(trial, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(box(/^a\/b/));
  });

  it('grows where more is asked for', async () => {
    await show();
    const other = node('trial', 'r2', { label: 'depth 2', is_whole: false });
    server.on('GET lineage', {
      ...LINEAGE,
      kind: 'data',
      id: 'abc',
      nodes: [
        { ...DATA, is_whole: true },
        other,
        { ...TRIAL, is_whole: false }
      ],
      edges: [edge(DATA, TRIAL), edge(DATA, other)]
    });
    await act(async () => {
      fireEvent.click(
        screen.getByRole('button', { name: /what else belongs to <b>houses/ })
      );
      await Promise.resolve();
    });
    expect(await screen.findByText('depth 2')).toBeTruthy();
    expect(server.of('GET lineage').pop()!.path).toContain('depth=1');
    expect(model.nodes).toHaveLength(4);
    expect(model.edges).toHaveLength(3);
    // What was whole before still is.
    expect(model.node('trial:r1')!.is_whole).toBe(true);
    expect(model.node('data:abc')!.is_whole).toBe(true);
  });

  it('opens nothing that was deleted', async () => {
    server.on('GET lineage', {
      ...LINEAGE,
      nodes: [{ ...TRIAL, is_deleted: true }],
      edges: []
    });
    await show();
    fireEvent.click(box(/^depth 8 · Trial · houses · deleted/));
    expect(opened).toEqual([]);
    expect(screen.getByRole('status').textContent).toContain(
      'Nothing is known'
    );
  });

  it('is a list, too', async () => {
    await show();
    expect(screen.getByText(/beside a box/)).toBeTruthy();
    fireEvent.click(screen.getByRole('radio', { name: 'List' }));
    expect(screen.queryByText(/beside a box/)).toBeNull();
    const items = screen.getAllByRole('listitem');
    expect(items.map(each => each.textContent)).toEqual([
      expect.stringMatching(/depth 8.*came from: <b>houses.*led to: a\/b/),
      expect.stringMatching(/^<b>houses.*led to: depth 8.*what else belongs/),
      expect.stringMatching(/version 3.*came from: depth 8/)
    ]);
    fireEvent.click(screen.getByRole('button', { name: /^depth 8/ }));
    expect(opened).toEqual(['r1']);
  });

  it('says what is not there, and what is away', async () => {
    const message = 'There is no trial r1.';
    const error = { code: 'not_found', message, hint: 'Gone.', fields: [] };
    server.on('GET lineage', new Reply(404, error));
    await show();
    expect(screen.getByText('There is no trial r1. Gone.')).toBeTruthy();
    server.on('GET lineage', new Reply(503, { ...error, message: 'Away.' }));
    await act(() => model.load());
    expect(screen.getByRole('alert').textContent).toContain('Away.');
    server.on('GET lineage', LINEAGE);
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
      await Promise.resolve();
    });
    expect(await screen.findByText('depth 8')).toBeTruthy();
  });

  it('forgets what is not there any more when it is asked for again', async () => {
    await model.load();
    const other = node('trial', 'r2');
    server.on('GET lineage', {
      ...LINEAGE,
      nodes: [DATA, other],
      edges: [edge(DATA, other)],
      is_cut: true
    });
    await model.expand(DATA);
    expect([model.nodes.length, model.isCut]).toEqual([4, true]);
    server.on('GET lineage', { ...LINEAGE, nodes: [TRIAL], edges: [] });
    await model.load();
    expect(model.nodes).toEqual([TRIAL]);
    expect(model.edges).toEqual([]);
    expect(model.isCut).toBe(false);
  });

  it('takes in no answer that is older than the last question', async () => {
    const waiting: ((answer: unknown) => void)[] = [];
    server.on('GET lineage', () => new Promise(done => waiting.push(done)));
    const asked = [model.load(), model.expand(DATA), model.load()];
    await until(() => waiting.length === 3);
    waiting[2]({ ...LINEAGE, nodes: [TRIAL], edges: [] });
    waiting[1](new Reply(503, { code: 'unavailable', message: 'Away.' }));
    waiting[0](LINEAGE);
    await Promise.all(asked);
    expect(model.nodes).toEqual([TRIAL]);
    expect(model.error).toBeNull();
  });

  it('leaves Ctrl and + to the browser', async () => {
    await show();
    const data = box(/^<b>houses/);
    act(() => data.focus());
    const count = () => server.of('GET lineage').length;
    expect(fireEvent.keyDown(data, { key: '+', ctrlKey: true })).toBe(true);
    expect(fireEvent.keyDown(data, { key: '+', metaKey: true })).toBe(true);
    expect(count()).toBe(1);
    expect(fireEvent.keyDown(data, { key: '+' })).toBe(false);
    await until(() => count() === 2);
    await act(() => model.load());
  });

  it('stops at as many as can be drawn', async () => {
    const nodes = Array.from({ length: MAX_DRAWN + 20 }, (_, index) =>
      node('trial', `t${index}`)
    );
    server.on('GET lineage', {
      ...LINEAGE,
      nodes,
      edges: nodes.slice(1).map(each => edge(nodes[0], each))
    });
    await act(() => model.load());
    expect(model.nodes).toHaveLength(MAX_DRAWN);
    expect(model.edges).toHaveLength(MAX_DRAWN - 1);
    expect(model.isCut).toBe(true);
  });
});
