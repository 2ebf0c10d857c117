import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  ImageChoice,
  JobDetail,
  NotebookInspection,
  RunnerInfo,
  SubmitOptions
} from '../../contract';

/** Where a job runs, and in what. */
export interface IPlace {
  runner: string;
  /** For runners without images. */
  kernel: string;
  /** For runners with images, as everything below. */
  image: string;
  /** Whether `image` is typed in rather than chosen. */
  otherImage: boolean;
  /** Whether an image that is not there is fetched. */
  pull: boolean;
  /** Whether the job may reach other machines. */
  networkAccess: boolean;
}

/** What a person wants the form to choose first; empty: no wish. */
export interface IPreferences {
  runner: string;
  image: string;
}

/** The place as the form opens; `job` fills in where an earlier job ran. */
export function initialPlace(
  inspection: NotebookInspection,
  options: SubmitOptions,
  job: JobDetail | null,
  wish: IPreferences | null
): IPlace {
  const usable = options.runners.filter(runner => runner.available);
  const named = (name?: string) => usable.find(item => item.name === name);
  const runner = named(job?.runner) ?? named(wish?.runner) ?? usable[0];
  const container = job?.environment.container ?? null;
  // The kernel of a container is none of this machine's.
  const wanted = job && !container ? job.environment.kernel : inspection.kernel;
  const kernel =
    options.kernels.find(item => item.name === wanted)?.name ??
    options.default_kernel;
  const image =
    container?.image ||
    wish?.image ||
    options.default_image ||
    options.images[0]?.reference ||
    '';
  return {
    runner: runner?.name ?? 'process',
    kernel: kernel ?? '',
    image,
    otherImage: image === '',
    pull: container?.pull ?? false,
    networkAccess: container?.network_access ?? false
  };
}

/** The runner that is chosen. */
export function runnerOf(
  place: IPlace,
  options: SubmitOptions
): RunnerInfo | null {
  return options.runners.find(item => item.name === place.runner) ?? null;
}

/** Whether the job runs in an image instead of a kernel of this machine. */
export function hasImages(place: IPlace, options: SubmitOptions): boolean {
  return runnerOf(place, options)?.has_images ?? false;
}

/** The image that is named, if it is there. */
export function imageOf(
  place: IPlace,
  options: SubmitOptions
): ImageChoice | null {
  const wanted = fullName(place.image.trim());
  return (
    options.images.find(
      ({ reference, image_id: id }) =>
        id === wanted || fullName(reference) === wanted
    ) ?? null
  );
}

/** Whether an image is named that is not there. */
export function isMissing(place: IPlace, options: SubmitOptions): boolean {
  return (
    hasImages(place, options) &&
    place.image.trim() !== '' &&
    imageOf(place, options) === null
  );
}

/** What the job runs in, in one line; empty while that is not known. */
export function runsIn(
  place: IPlace,
  options: SubmitOptions,
  trans: TranslationBundle
): string {
  const name = runnerOf(place, options)?.display_name ?? place.runner;
  if (!hasImages(place, options)) {
    const kernel = options.kernels.find(item => item.name === place.kernel);
    return kernel ? `${name} · ${kernel.display_name}` : name;
  }
  const image = place.image.trim();
  const choice = imageOf(place, options);
  if (choice) {
    return choice.summary || `${name} · ${image}`;
  }
  return image && place.pull
    ? trans.__('%1 · %2 · to be fetched', name, image)
    : '';
}

/** What the request says of the place. */
export function placeRequest(place: IPlace, options: SubmitOptions) {
  return hasImages(place, options)
    ? {
        runner: place.runner,
        image: place.image.trim(),
        pull: place.pull && isMissing(place, options),
        network_access: place.networkAccess
      }
    : { runner: place.runner, kernel: place.kernel || null };
}

/** A name as engines read it: the registry and tag that it leaves out. */
function fullName(reference: string): string {
  const path = reference.replace(/^(index\.)?docker\.io\/(library\/)?/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return /[:@]/.test(name) ? path : `${path}:latest`;
}
