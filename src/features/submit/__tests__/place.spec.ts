import {
  makeContainer,
  makeDockerOptions,
  makeImage,
  makeInspection,
  makeJob,
  makeOptions,
  trans
} from '../../../__tests__/fakes';
import type { JobDetail, SubmitOptions } from '../../../contract';
import { imageOf, initialPlace, isMissing, runsIn } from '../place';
import type { IPlace, IPreferences } from '../place';

const docker = makeDockerOptions([
  makeImage(),
  makeImage({ reference: 'team/plain', profile: 'contract', summary: '' })
]);

function open(
  options: SubmitOptions,
  job: JobDetail | null = null,
  wish: Partial<IPreferences> = {}
): IPlace {
  const wishes = { runner: '', image: '', ...wish };
  return initialPlace(makeInspection(), options, job, wishes);
}

describe('initialPlace', () => {
  it('is the first runner that answers and the default image', () => {
    expect(open(docker)).toEqual({
      runner: 'process',
      kernel: 'python3',
      image: 'studio/notebook:1',
      otherImage: false,
      pull: false,
      networkAccess: false
    });
  });

  it('is what the person wants, where it answers', () => {
    const wish = { runner: 'docker', image: 'mine:2' };
    expect(open(docker, null, wish)).toMatchObject(wish);
    expect(open(makeOptions(), null, wish).runner).toBe('process');
  });

  it('is where the job ran that runs again, whatever the person wants', () => {
    const wish = { runner: 'docker', image: 'mine:2' };
    expect(open(docker, makeJob(), wish).runner).toBe('process');
    const container = makeContainer({ image: 'team/plain' });
    const job = makeJob({
      runner: 'docker',
      environment: { ...makeJob().environment, container }
    });
    expect(open(docker, job, { image: 'mine:2' })).toMatchObject({
      runner: 'docker',
      image: 'team/plain'
    });
  });

  it('asks for a name where no image is known', () => {
    const none = makeDockerOptions([], { default_image: '' });
    expect(open(none)).toMatchObject({ image: '', otherImage: true });
    const some = makeDockerOptions([makeImage()], { default_image: '' });
    expect(open(some)).toMatchObject({ otherImage: false });
    expect(open(some).image).toBe('studio/notebook:1');
  });
});

describe('an image', () => {
  const place = (image: string) => ({
    ...open(docker),
    runner: 'docker',
    image
  });

  it.each([
    ['studio/notebook:1', true],
    [' studio/notebook:1 ', true],
    ['studio/notebook', false],
    ['studio/notebook:2', false],
    ['team/plain', true],
    ['team/plain:latest', true],
    ['docker.io/team/plain', true],
    ['sha256:0123456789abcdef', true],
    ['plain', false],
    ['localhost:5000/team/plain', false]
  ])('named %j is there: %j', (image, there) => {
    expect(imageOf(place(image), docker) !== null).toBe(there);
    expect(isMissing(place(image), docker)).toBe(!there);
  });

  it('is missing only where one is named and wanted', () => {
    expect(isMissing(place('  '), docker)).toBe(false);
    expect(isMissing({ ...place('other'), runner: 'process' }, docker)).toBe(
      false
    );
  });
});

describe('runsIn', () => {
  it.each<[Partial<IPlace>, string]>([
    [{}, 'Process · Python 3'],
    [{ kernel: 'ir' }, 'Process · R'],
    [{ kernel: 'gone' }, 'Process'],
    [{ runner: 'docker' }, 'Docker · studio/notebook:1 · Python 3.12'],
    [{ runner: 'docker', image: 'team/plain' }, 'Docker · team/plain'],
    [{ runner: 'docker', image: 'other:1' }, ''],
    [
      { runner: 'docker', image: 'other:1', pull: true },
      'Docker · other:1 · to be fetched'
    ],
    [{ runner: 'docker', image: '', pull: true }, '']
  ])('says of %j: %j', (change, line) => {
    expect(runsIn({ ...open(docker), ...change }, docker, trans)).toBe(line);
  });
});
