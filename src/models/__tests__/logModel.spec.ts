import { FakeServer, Reply, until } from '../../__tests__/fakes';
import type { ISeen } from '../../__tests__/fakes';
import { LogModel } from '../logModel';

/** A log as the server keeps it: bytes, served by range. */
class FakeLog {
  constructor(
    public text: string,
    public complete = false
  ) {}

  read = ({ path }: ISeen) => {
    const query = new URLSearchParams(path.split('?')[1]);
    const bytes = new TextEncoder().encode(this.text);
    const asked = Number(query.get('offset'));
    const limit = Math.min(Number(query.get('limit')), 262_144);
    // Like the server: no character is cut in two.
    const whole = (at: number) => {
      while (at < bytes.length && (bytes[at] & 0xc0) === 0x80) {
        at -= 1;
      }
      return at;
    };
    const offset = whole(asked < 0 ? Math.max(0, bytes.length + asked) : asked);
    const end = whole(Math.min(bytes.length, offset + limit));
    const part = bytes.slice(offset, end);
    return {
      text: new TextDecoder().decode(part),
      offset,
      next_offset: end,
      size: bytes.length,
      complete: this.complete && end === bytes.length
    };
  };
}

describe('LogModel', () => {
  let server: FakeServer;
  let model: LogModel;

  function open(log: FakeLog): LogModel {
    server = new FakeServer().on('GET jobs/a/log', log.read);
    model = new LogModel(server.client.jobs, 'a');
    return model;
  }

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('reads a small log whole', async () => {
    open(new FakeLog('one\ntwo\n', true));
    await model.refresh();
    expect(model.lines).toEqual(['one', 'two', '']);
    expect(model.skipped).toBe(0);
    expect(model.isComplete).toBe(true);
  });

  it('knows an empty log from one that was not read yet', async () => {
    open(new FakeLog(''));
    expect(model.isReady).toBe(false);
    await model.refresh();
    expect(model.isReady).toBe(true);
    expect(model.lines).toEqual([]);
  });

  it('reads a long log from its end and says what it skipped', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `line ${i}`);
    const log = new FakeLog(lines.join('\n'), true);
    open(log);
    await model.refresh();
    expect(model.lines[model.lines.length - 1]).toBe('line 59999');
    expect(model.skipped).toBe(log.text.length - 128 * 1024);
    expect(server.seen).toHaveLength(1);
  });

  it('fetches what lies before until it has everything, seamlessly', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `line ${i}`);
    open(new FakeLog(lines.join('\n'), true));
    await model.refresh();
    while (model.skipped > 0) {
      const before = model.skipped;
      await model.loadEarlier();
      expect(model.skipped).toBeLessThan(before);
    }
    expect(model.lines).toEqual(lines);
    const requests = server.seen.length;
    await model.loadEarlier();
    expect(server.seen).toHaveLength(requests);
  });

  it('goes on where it ended, in the middle of a line too', async () => {
    const log = new FakeLog('one\ntw');
    open(log);
    await model.refresh();
    log.text += 'o\nthree';
    await model.refresh();
    expect(model.lines).toEqual(['one', 'two', 'three']);
    expect(server.seen[1].path).toContain('offset=6');
  });

  it('catches up with a log that grew by more than a request holds', async () => {
    const log = new FakeLog('start\n');
    open(log);
    await model.refresh();
    log.text += 'x'.repeat(600_000) + '\nend';
    await model.refresh();
    expect(model.lines[model.lines.length - 1]).toBe('end');
    expect(server.seen).toHaveLength(4);
  });

  it('drops the oldest lines when it holds too much, and says so', async () => {
    const log = new FakeLog('first\n');
    open(log);
    await model.refresh();
    log.text += `${'é'.repeat(99)}\n`.repeat(90_000);
    await model.refresh();
    expect(model.lines[0]).not.toBe('first');
    const kept = new TextEncoder().encode(model.lines.join('\n')).length;
    expect(model.skipped + kept).toBe(
      new TextEncoder().encode(log.text).length
    );
  });

  it('begins anew when another attempt began the log anew', async () => {
    const log = new FakeLog('first attempt\n');
    open(log);
    await model.refresh();
    log.text = 'second\n';
    await model.refresh();
    expect(model.lines).toEqual(['second', '']);
  });

  it('follows while somebody looks, and stops at the end', async () => {
    const log = new FakeLog('one\n');
    open(log);
    model.setActive(true);
    await until(() => model.isReady);
    log.text += 'two\n';
    log.complete = true;
    await until(() => model.isComplete);
    expect(model.lines).toEqual(['one', 'two', '']);
    const requests = server.seen.length;
    model.setActive(true);
    expect(server.seen).toHaveLength(requests);
  });

  it('does not look when nobody does', async () => {
    open(new FakeLog('one\n'));
    model.setActive(true);
    await until(() => model.isReady);
    model.setActive(false);
    const requests = server.seen.length;
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.seen).toHaveLength(requests);
  });

  it('keeps what it has when a request fails, and recovers', async () => {
    const log = new FakeLog('one\n');
    open(log);
    await model.refresh();
    server.on('GET jobs/a/log', new Reply(503, 'away'));
    await model.refresh();
    expect(model.lines).toEqual(['one', '']);
    expect(model.error).not.toBeNull();
    log.text += 'two\n';
    server.on('GET jobs/a/log', log.read);
    await model.refresh();
    expect(model.error).toBeNull();
    expect(model.lines).toEqual(['one', 'two', '']);
  });
});
