import { Drive } from '@jupyterlab/services';
import type { Contents } from '@jupyterlab/services';
import { FakeServer } from '../../__tests__/fakes';
import { distrust, drivePath, OutputDrive } from '../outputDrive';

describe('OutputDrive', () => {
  let drive: OutputDrive;

  beforeEach(() => {
    drive = new OutputDrive(new FakeServer().settings);
  });

  afterEach(() => {
    drive.dispose();
    jest.restoreAllMocks();
  });

  it('is the drive of its paths', () => {
    expect(drive.name).toBe('Studio');
    expect(drivePath('a/output/train.ipynb')).toBe(
      'Studio:a/output/train.ipynb'
    );
  });

  it('hands out notebooks that cannot be written and trust no cell', async () => {
    const model = {
      type: 'notebook',
      writable: true,
      content: { cells: [{ metadata: { trusted: true, tags: ['x'] } }] }
    } as unknown as Contents.IModel;
    jest.spyOn(Drive.prototype, 'get').mockResolvedValue(model);
    const got = await drive.get('a/output/train.ipynb');
    expect(got.writable).toBe(false);
    expect(got.content).toEqual({
      cells: [{ metadata: { trusted: false, tags: ['x'] } }]
    });
  });

  it('leaves other files as they are', async () => {
    const model = { type: 'file', content: 'text' } as Contents.IModel;
    jest.spyOn(Drive.prototype, 'get').mockResolvedValue(model);
    expect((await drive.get('a/log')).content).toBe('text');
  });

  it('downloads from the sandboxed route', async () => {
    await expect(drive.getDownloadUrl('a/out put/#1.csv')).resolves.toBe(
      'http://localhost/studio/api/files/a/out%20put/%231.csv'
    );
  });

  it('has no checkpoints and refuses every change', async () => {
    await expect(drive.listCheckpoints()).resolves.toEqual([]);
    for (const change of [
      drive.save(),
      drive.delete(),
      drive.rename(),
      drive.copy(),
      drive.newUntitled(),
      drive.createCheckpoint(),
      drive.restoreCheckpoint(),
      drive.deleteCheckpoint()
    ]) {
      await expect(change).rejects.toThrow(/Save a copy/);
    }
  });
});

describe('distrust', () => {
  it('survives what is not a notebook', () => {
    expect(distrust(null)).toBeNull();
    expect(distrust('text')).toBe('text');
    expect(distrust({ cells: 3 })).toEqual({ cells: 3 });
    expect(distrust({ cells: [{}] })).toEqual({
      cells: [{ metadata: { trusted: false } }]
    });
  });
});
