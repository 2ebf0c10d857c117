import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  Autolog,
  JobDetail,
  NotebookInspection,
  Resources,
  SubmitOptions,
  SubmitRequest
} from '../../contract';
import { formatMemory } from '../../shared/format';
import { parseDuration, parseSize } from '../../shared/units';
import {
  addedField,
  canAdd,
  parameterKey,
  parseParameter,
  toField,
  toText
} from './parameters';
import type { IParameterField } from './parameters';
import { hasImages, initialPlace, isMissing, placeRequest } from './place';
import type { IPlace, IPreferences } from './place';

/** Everything that can be filled in. */
export interface IFormState extends IPlace {
  name: string;
  experiment: string;
  /** Whether `experiment` is typed in rather than chosen. */
  newExperiment: boolean;
  parameters: readonly IParameterField[];
  /** For runners with images. */
  gpus: string;
  cpus: string;
  memory: string;
  timeLimit: string;
  /** What MLflow logs by itself. */
  autolog: Autolog;
}

/** What is wrong, by dotted name of the field as the server names it. */
export type FieldErrors = Readonly<Record<string, string>>;

/** Dotted names of the fields that the form shows, but parameters. */
export function shownFields(
  state: IFormState,
  options: SubmitOptions
): readonly string[] {
  const fields = [
    'name',
    'experiment',
    'runner',
    'resources.cpus',
    'resources.memory_bytes',
    'resources.time_limit_seconds',
    'autolog'
  ];
  if (!hasImages(state, options)) {
    return [...fields, 'kernel'];
  }
  const more = ['image', 'network_access', 'resources.gpus'];
  return [...fields, ...more, ...(isMissing(state, options) ? ['pull'] : [])];
}

const LEAST_MEMORY = 32 * 1024 * 1024;
const MOST_SECONDS = 28 * 86400;
const MOST_GPUS = 64;

/** The form as it opens; `job` fills it in with what an earlier job had. */
export function initialState(
  inspection: NotebookInspection,
  options: SubmitOptions,
  job: JobDetail | null = null,
  wish: IPreferences | null = null
): IFormState {
  const fields = inspection.parameters.map(toField);
  const values = { ...job?.parameters };
  const parameters = fields.map(field => {
    const value = values[field.name];
    delete values[field.name];
    return value === undefined ? field : { ...field, text: toText(value) };
  });
  for (const [name, value] of Object.entries(values)) {
    if (canAdd(inspection)) {
      parameters.push(addedField(name, value));
    }
  }
  const resources = job?.resources;
  return {
    name: inspection.suggested_name,
    experiment: job?.trial.experiment ?? inspection.experiment,
    newExperiment: false,
    parameters,
    ...initialPlace(inspection, options, job, wish),
    gpus: resources?.gpus != null ? String(resources.gpus) : '',
    cpus: resources?.cpus != null ? String(resources.cpus) : '',
    memory:
      resources?.memory_bytes != null
        ? exactMemory(resources.memory_bytes)
        : '',
    timeLimit:
      resources?.time_limit_seconds != null
        ? exactDuration(resources.time_limit_seconds)
        : '',
    autolog: job?.autolog ?? options.autolog ?? 'on'
  };
}

/** What is wrong in the form; empty when it can be sent. */
export function validate(
  state: IFormState,
  options: SubmitOptions,
  trans: TranslationBundle
): FieldErrors {
  const errors: Record<string, string> = {};
  if (state.name.length > 200) {
    errors.name = trans.__('At most 200 characters.');
  }
  if (state.newExperiment && state.experiment.trim() === '') {
    errors.experiment = trans.__('Give the new experiment a name.');
  } else if (state.experiment.length > 250) {
    errors.experiment = trans.__('At most 250 characters.');
  }
  const seen = new Set<string>();
  state.parameters.forEach((field, index) => {
    const key = parameterKey(field, index);
    if (field.added && !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(field.name)) {
      errors[key] = field.name
        ? trans.__('A name has letters, digits and _ and begins with no digit.')
        : trans.__('Give the parameter a name, or remove it.');
    } else if (seen.has(field.name)) {
      errors[key] = trans.__('There is another parameter with this name.');
    } else {
      const { error } = parseParameter(field, trans);
      if (error) {
        errors[key] = error;
      }
    }
    seen.add(field.name);
  });
  if (hasImages(state, options)) {
    if (state.image.trim() === '') {
      errors.image = trans.__('Name an image, for example python:3.12.');
    } else if (state.image.trim().length > 255) {
      errors.image = trans.__('At most 255 characters.');
    }
    const gpus = state.gpus.trim();
    if (
      gpus !== '' &&
      !(/^[1-9]\d?$/.test(gpus) && Number(gpus) <= MOST_GPUS)
    ) {
      errors['resources.gpus'] = trans.__(
        'A whole number from 1 to %1; empty for none.',
        MOST_GPUS
      );
    }
  }
  const cpus = state.cpus.trim();
  if (cpus !== '' && !(Number(cpus) > 0 && Number(cpus) <= 1024)) {
    errors['resources.cpus'] = trans.__(
      'A number above 0, for example 1 or 0.5; empty for no limit.'
    );
  }
  if (state.memory.trim() !== '') {
    const bytes = parseSize(state.memory);
    if (bytes === null) {
      errors['resources.memory_bytes'] = trans.__(
        'A size such as 512 MiB or 2 GiB; empty for no limit.'
      );
    } else if (bytes < LEAST_MEMORY) {
      errors['resources.memory_bytes'] = trans.__(
        'At least %1.',
        formatMemory(LEAST_MEMORY)
      );
    }
  }
  if (state.timeLimit.trim() !== '') {
    const seconds = parseDuration(state.timeLimit);
    if (seconds === null || seconds <= 0) {
      errors['resources.time_limit_seconds'] = trans.__(
        'A duration such as 90 s, 15 min or 1 h 30 m; empty for no limit.'
      );
    } else if (seconds > MOST_SECONDS) {
      errors['resources.time_limit_seconds'] = trans.__('At most 28 days.');
    }
  }
  return errors;
}

/** The request for a form without errors. */
export function toRequest(
  state: IFormState,
  options: SubmitOptions,
  notebook: string,
  key: string,
  trans: TranslationBundle
): SubmitRequest {
  const parameters: Record<string, unknown> = {};
  for (const field of state.parameters) {
    const { value } = parseParameter(field, trans);
    if (value !== undefined) {
      parameters[field.name] = value;
    }
  }
  return {
    notebook,
    name: state.name.trim() || null,
    experiment: state.experiment.trim() || null,
    parameters,
    ...placeRequest(state, options),
    resources: toResources(state, options),
    autolog: state.autolog,
    idempotency_key: key
  };
}

/** The limits of a form without errors. */
export function toResources(
  state: IFormState,
  options: SubmitOptions
): Resources {
  const gpus = hasImages(state, options) ? state.gpus.trim() : '';
  return {
    cpus: state.cpus.trim() === '' ? null : Number(state.cpus),
    memory_bytes: parseSize(state.memory),
    time_limit_seconds: parseDuration(state.timeLimit),
    gpus: gpus === '' ? null : Number(gpus)
  };
}

/** Put the server's errors where the form shows them; the rest is returned. */
export function placeErrors(
  errors: readonly { field: string; message: string }[],
  state: IFormState,
  options: SubmitOptions
): { fields: Record<string, string>; rest: string[] } {
  const shown = shownFields(state, options);
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const { field, message } of errors) {
    const index = state.parameters.findIndex(
      item => field === `parameters.${item.name}`
    );
    if (index >= 0) {
      fields[parameterKey(state.parameters[index], index)] = sentence(message);
    } else if (shown.includes(field)) {
      fields[field] = sentence(message);
    } else {
      rest.push(`${field}: ${message}`);
    }
  }
  return { fields, rest };
}

function exactMemory(bytes: number): string {
  const shown = formatMemory(bytes);
  return parseSize(shown) === bytes ? shown : String(bytes);
}

function exactDuration(seconds: number): string {
  for (const [unit, size] of [
    ['d', 86400],
    ['h', 3600],
    ['m', 60]
  ] as const) {
    if (seconds % size === 0) {
      return `${seconds / size} ${unit}`;
    }
  }
  return `${seconds} s`;
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
