import { ServerConnection } from '@jupyterlab/services';
import { FakeServer, Reply } from '../../__tests__/fakes';
import { asRequestError, isAbort, request, RequestError } from '../request';

describe('request', () => {
  let server: FakeServer;

  beforeEach(() => {
    server = new FakeServer();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  async function failureOf(path: string): Promise<RequestError> {
    try {
      await request(server.settings, path);
    } catch (reason) {
      expect(reason).toBeInstanceOf(RequestError);
      return reason as RequestError;
    }
    throw new Error('the request should have failed');
  }

  it('resolves with the decoded JSON', async () => {
    server.on('GET info', { user: 'ann' });
    await expect(request(server.settings, 'info')).resolves.toEqual({
      user: 'ann'
    });
  });

  it('leaves absent values out of the query and encodes the others', async () => {
    server.on('GET jobs', {});
    await request(server.settings, 'jobs', {
      query: { text: 'a&b', cursor: undefined, status: '', limit: 0 }
    });
    expect(server.seen[0].path).toBe('jobs?text=a%26b&limit=0');
  });

  it('sends a body as JSON', async () => {
    server.on('POST jobs', {});
    await request(server.settings, 'jobs', { method: 'POST', body: { a: 1 } });
    expect(server.seen[0].body).toEqual({ a: 1 });
  });

  it('resolves with undefined when there is no content', async () => {
    server.on('DELETE jobs/a', new Reply(204, undefined));
    await expect(
      request(server.settings, 'jobs/a', { method: 'DELETE' })
    ).resolves.toBeUndefined();
  });

  it('rejects with what the server says, hint and fields included', async () => {
    const body = {
      code: 'invalid_request',
      message: 'max_depth must be a whole number.',
      hint: 'Write 8.',
      fields: [{ field: 'parameters.max_depth', message: 'must be whole' }]
    };
    server.on('GET jobs', new Reply(400, body));
    const error = await failureOf('jobs');
    expect(error.status).toBe(400);
    expect(error.code).toBe('invalid_request');
    expect(error.message).toBe(body.message);
    expect(error.hint).toBe('Write 8.');
    expect(error.fields).toEqual(body.fields);
  });

  it('fills in what an error document lacks', async () => {
    server.on('GET jobs', new Reply(409, { code: 'conflict', message: 'No.' }));
    const error = await failureOf('jobs');
    expect(error.hint).toBe('');
    expect(error.fields).toEqual([]);
  });

  it.each([
    [404, '<html>not found</html>', 'not_installed'],
    [403, 'forbidden', 'forbidden'],
    [401, '', 'forbidden'],
    [502, '<html>bad gateway</html>', 'unexpected'],
    [500, '{"message": 3}', 'unexpected'],
    [500, '[]', 'unexpected'],
    [500, 'null', 'unexpected']
  ])(
    'understands a %i that does not come from Studio',
    async (status, text, code) => {
      server.on('GET jobs', new Reply(status, text));
      const error = await failureOf('jobs');
      expect(error.code).toBe(code);
      expect(error.message).not.toContain('<html>');
    }
  );

  it('says so when a good reply is not JSON', async () => {
    server.on('GET jobs', new Reply(200, '<html>log in</html>'));
    const error = await failureOf('jobs');
    expect(error.code).toBe('unexpected');
    expect(error.message).toContain('cannot be read');
  });

  it('says so when the server does not answer', async () => {
    server.on('GET jobs', () => {
      throw new TypeError('Failed to fetch');
    });
    const error = await failureOf('jobs');
    expect(error.code).toBe('unreachable');
    expect(error.message).not.toContain('fetch');
  });

  it('passes on that it was given up on purpose', async () => {
    const abort = new AbortController();
    jest.spyOn(ServerConnection, 'makeRequest').mockImplementation(() => {
      abort.abort();
      return Promise.reject(new DOMException('gone', 'AbortError'));
    });
    const reason = await request(server.settings, 'jobs', {
      signal: abort.signal
    }).catch((thrown: unknown) => thrown);
    expect(reason).not.toBeInstanceOf(RequestError);
  });
});

describe('asRequestError', () => {
  it('keeps an error that can be shown', () => {
    const error = new RequestError(
      { code: 'conflict', message: 'No.', hint: '', fields: [] },
      409
    );
    expect(asRequestError(error)).toBe(error);
  });

  it.each([
    [new Error('broken'), 'broken'],
    ['text', 'text']
  ])('wraps %p', (reason, message) => {
    expect(asRequestError(reason)).toMatchObject({
      code: 'unexpected',
      message,
      status: 0
    });
  });
});

describe('isAbort', () => {
  it('tells a request that was given up from others', () => {
    const abort = new Error('stopped');
    abort.name = 'AbortError';
    expect(isAbort(abort)).toBe(true);
    expect(isAbort(new Error('broken'))).toBe(false);
    expect(isAbort('AbortError')).toBe(false);
  });
});
