import { ServerConnection } from '@jupyterlab/services';
import { FakeServer, Reply } from '../../__tests__/fakes';
import { RequestError } from '../request';

const PACKED = 'application/vnd.studio.series';
const QUERY = { run_ids: ['a', 'b'], metrics: ['loss'] };

/** As `core/packed_series.py` writes them. */
function pack(
  page: unknown,
  points: [number[], number[]][],
  strides = points.map(() => 0)
): Uint8Array {
  const counts = points.map(([, y]) => y.length);
  let head = JSON.stringify({ page, points: counts, strides });
  const bytes = (text: string) => new TextEncoder().encode(text);
  head += ' '.repeat((8 - (bytes(head).length % 8)) % 8);
  const arrays = points.flat(2);
  const packed = new Uint8Array(8 + bytes(head).length + 8 * arrays.length);
  const view = new DataView(packed.buffer);
  view.setUint32(0, bytes(head).length, true);
  packed.set(bytes(head), 8);
  arrays.forEach((value, index) =>
    view.setFloat64(8 + bytes(head).length + 8 * index, value, true)
  );
  return packed;
}

function facts(run_id: string, count: number): object {
  return { run_id, name: 'verl\u00fcst', count, shown: count, first: 0 };
}

describe('TrialsClient.series', () => {
  let server: FakeServer;

  beforeEach(() => {
    server = new FakeServer();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const answer = (content: Uint8Array | string, type: string) => {
    const asked = jest
      .spyOn(ServerConnection, 'makeRequest')
      .mockImplementation(() =>
        Promise.resolve({
          ok: true,
          status: 200,
          headers: new Headers({ 'Content-Type': type }),
          arrayBuffer: () =>
            Promise.resolve(
              typeof content === 'string'
                ? new TextEncoder().encode(content).buffer
                : content.buffer
            )
        } as unknown as Response)
      );
    return asked;
  };

  it('makes places that several share once', async () => {
    const page = { series: ['a', 'b', 'c', 'd'].map(each => facts(each, 3)) };
    const points: [number[], number[]][] = [
      [[2], [1, 2, 3]],
      [[2], [4, 5, 6]],
      [[3], [7, 8, 9]],
      [
        [1, 2, 4],
        [7, 8, 9]
      ]
    ];
    answer(pack(page, points, [2, 2, 2, 0]), PACKED);
    const { series } = await server.client.trials.series(QUERY);
    expect(series.map(({ x }) => [...x])).toEqual([
      [2, 4, 6],
      [2, 4, 6],
      [3, 5, 7],
      [1, 2, 4]
    ]);
    expect(series.map(({ y }) => y[0])).toEqual([1, 4, 7, 7]);
    expect(series[1].x).toBe(series[0].x);
  });

  it('takes arrays as they come', async () => {
    const page = {
      series: [facts('a', 3), facts('b', 1)],
      generation: 'g',
      more: true
    };
    const points: [number[], number[]][] = [
      [
        [0, 1, 2 ** 40],
        [0.5, NaN, -1e300]
      ],
      [[7], [0.25]]
    ];
    const asked = answer(pack(page, points), PACKED);
    const found = await server.client.trials.series(QUERY);
    expect(found.generation).toBe('g');
    expect(found.series.map(({ name }) => name)).toEqual([
      'verl\u00fcst',
      'verl\u00fcst'
    ]);
    expect(found.series.map(({ x, y }) => [[...x], [...y]])).toEqual(points);
    const headers = asked.mock.calls[0][1].headers as Record<string, string>;
    expect(headers['Accept']).toBe(PACKED);
  });

  it('makes places of which only the first was sent', async () => {
    const page = { series: [facts('a', 4), facts('b', 2)] };
    answer(
      pack(
        page,
        [
          [[10], [1, 2, 3, 4]],
          [
            [7, 9.5],
            [5, 6]
          ]
        ],
        [0.1, 0]
      ),
      PACKED
    );
    const { series } = await server.client.trials.series(QUERY);
    expect(series.map(({ x, y }) => [[...x], [...y]])).toEqual([
      [
        [10, 10.1, 10.2, 10 + 3 * 0.1],
        [1, 2, 3, 4]
      ],
      [
        [7, 9.5],
        [5, 6]
      ]
    ]);
  });

  it('takes lists of a server that has no arrays', async () => {
    server.on('POST trials/series', {
      series: [
        { ...facts('a', 2), step: [0, 1], time: [], value: [0.5, null] },
        { ...facts('b', 1), step: [], time: [1.5], value: [1] }
      ]
    });
    const { series } = await server.client.trials.series(QUERY);
    expect(series.map(({ x, y }) => [[...x], [...y]])).toEqual([
      [
        [0, 1],
        [0.5, NaN]
      ],
      [[1.5], [1]]
    ]);
  });

  it.each([
    ['cut off', pack({ series: [facts('a', 3)] }, [[[1], [1]]]).slice(0, -8)],
    ['empty', new Uint8Array(0)],
    ['something else', '<html>log in</html>']
  ])('says so when it is %s', async (_, content) => {
    answer(content, typeof content === 'string' ? 'text/html' : PACKED);
    const reason = await server.client.trials
      .series(QUERY)
      .catch((thrown: unknown) => thrown);
    expect(reason).toBeInstanceOf(RequestError);
    expect((reason as RequestError).message).toContain('cannot be read');
  });

  it('says why it was refused', async () => {
    server.on(
      'POST trials/series',
      new Reply(400, { code: 'invalid_request', message: 'No.', hint: '' })
    );
    await expect(server.client.trials.series(QUERY)).rejects.toThrow('No.');
  });
});
