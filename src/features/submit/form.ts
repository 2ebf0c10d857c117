import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  JobDetail,
  NotebookInspection,
  NotebookParameter,
  Resources,
  SubmitOptions,
  SubmitRequest
} from '../../contract';
import { formatMemory } from '../../shared/format';
import { parseDuration, parseSize } from '../../shared/units';

/** How a parameter's value is typed in. */
export type ParameterType =
  'int' | 'float' | 'bool' | 'str' | 'list' | 'dict' | 'any';

/** One parameter in the form. */
export interface IParameterField {
  name: string;
  type: ParameterType;
  /** What is in the field; `true` or `false` for a checkbox. */
  text: string;
  /** Source of the default in the notebook; empty for an added one. */
  default: string;
  /** Whether an empty field means the notebook's default. */
  optional: boolean;
  help: string;
  /** Whether it was added in the form, so that its name can be changed. */
  added: boolean;
}

/** Everything that can be filled in. */
export interface IFormState {
  name: string;
  experiment: string;
  /** Whether `experiment` is typed in rather than chosen. */
  newExperiment: boolean;
  parameters: readonly IParameterField[];
  runner: string;
  kernel: string;
  cpus: string;
  memory: string;
  timeLimit: string;
}

/** What is wrong, by dotted name of the field as the server names it. */
export type FieldErrors = Readonly<Record<string, string>>;

/** Dotted names of the fields that the form shows, but parameters. */
export const KNOWN_FIELDS = [
  'name',
  'experiment',
  'runner',
  'kernel',
  'resources.cpus',
  'resources.memory_bytes',
  'resources.time_limit_seconds'
];

const TYPES: readonly string[] = [
  'int',
  'float',
  'bool',
  'str',
  'list',
  'dict'
];
const LEAST_MEMORY = 32 * 1024 * 1024;
const MOST_SECONDS = 28 * 86400;

/** The form as it opens; `job` fills it in with what an earlier job had. */
export function initialState(
  inspection: NotebookInspection,
  options: SubmitOptions,
  job: JobDetail | null = null
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
  const usable = options.runners.filter(runner => runner.available);
  const runner =
    usable.find(item => item.name === job?.runner) ?? usable[0] ?? null;
  const wanted = job?.environment.kernel ?? inspection.kernel;
  const kernel =
    options.kernels.find(item => item.name === wanted)?.name ??
    options.default_kernel;
  const resources = job?.resources;
  return {
    name: inspection.suggested_name,
    experiment: job?.trial.experiment ?? inspection.experiment,
    newExperiment: false,
    parameters,
    runner: runner?.name ?? 'process',
    kernel: kernel ?? '',
    cpus: resources?.cpus != null ? String(resources.cpus) : '',
    memory:
      resources?.memory_bytes != null
        ? exactMemory(resources.memory_bytes)
        : '',
    timeLimit:
      resources?.time_limit_seconds != null
        ? exactDuration(resources.time_limit_seconds)
        : ''
  };
}

/** Whether the notebook takes parameters that it does not declare. */
export function canAdd(inspection: NotebookInspection): boolean {
  return !inspection.has_parameters_cell || inspection.parameters.length === 0;
}

/** An empty parameter to fill in. */
export function addedField(name = '', value?: unknown): IParameterField {
  return {
    name,
    type: 'any',
    text: value === undefined ? '' : toText(value, true),
    default: '',
    optional: false,
    help: '',
    added: true
  };
}

/** What is wrong in the form; empty when it can be sent. */
export function validate(
  state: IFormState,
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

/** Name under which a parameter's error is kept. */
export function parameterKey(field: IParameterField, index: number): string {
  return field.added ? `parameters.+${index}` : `parameters.${field.name}`;
}

/** The request for a form without errors. */
export function toRequest(
  state: IFormState,
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
    runner: state.runner,
    kernel: state.kernel || null,
    resources: toResources(state),
    idempotency_key: key
  };
}

/** The limits of a form without errors. */
export function toResources(state: IFormState): Resources {
  return {
    cpus: state.cpus.trim() === '' ? null : Number(state.cpus),
    memory_bytes: parseSize(state.memory),
    time_limit_seconds: parseDuration(state.timeLimit)
  };
}

/** Put the server's errors where the form shows them; the rest is returned. */
export function placeErrors(
  errors: readonly { field: string; message: string }[],
  state: IFormState
): { fields: FieldErrors; rest: string[] } {
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const { field, message } of errors) {
    const index = state.parameters.findIndex(
      item => field === `parameters.${item.name}`
    );
    if (index >= 0) {
      fields[parameterKey(state.parameters[index], index)] = sentence(message);
    } else if (KNOWN_FIELDS.includes(field)) {
      fields[field] = sentence(message);
    } else {
      rest.push(`${field}: ${message}`);
    }
  }
  return { fields, rest };
}

/** The value in a field, or what is wrong with it; neither: the default. */
export function parseParameter(
  field: IParameterField,
  trans: TranslationBundle
): { value?: unknown; error?: string } {
  const text = field.text.trim();
  if (text === '' && field.optional) {
    return {};
  }
  switch (field.type) {
    case 'bool':
      return { value: field.text === 'true' };
    case 'str':
      return { value: field.text };
    case 'int': {
      if (!/^[+-]?\d+(_\d+)*$/.test(text)) {
        return { error: trans.__('A whole number, for example 8.') };
      }
      const value = Number(text.replace(/_/g, ''));
      return Number.isSafeInteger(value)
        ? { value }
        : { error: trans.__('This number is too large to be sent exactly.') };
    }
    case 'float': {
      const value = Number(text.replace(/(\d)_(?=\d)/g, '$1'));
      return text !== '' && Number.isFinite(value)
        ? { value }
        : { error: trans.__('A number, for example 0.1 or 1e-3.') };
    }
    case 'list': {
      const value = parseJson(text);
      return Array.isArray(value)
        ? { value }
        : { error: trans.__('A list in JSON, for example [1, 2].') };
    }
    case 'dict': {
      const value = parseJson(text);
      return typeof value === 'object' && value && !Array.isArray(value)
        ? { value }
        : { error: trans.__('A mapping in JSON, for example {"depth": 8}.') };
    }
    case 'any': {
      const value = parseJson(text);
      return { value: value === undefined ? field.text : value };
    }
  }
}

function toField(parameter: NotebookParameter): IParameterField {
  const { name, value, default: source, help } = parameter;
  const hasValue = value !== null && value !== undefined;
  const type = TYPES.includes(parameter.type)
    ? (parameter.type as ParameterType)
    : hasValue
      ? typeOf(value, source)
      : 'any';
  return {
    name,
    // A switch has no third state for "the default".
    type: type === 'bool' && !hasValue ? 'any' : type,
    text: hasValue ? toText(value, type === 'any') : '',
    default: source,
    optional: !hasValue,
    help,
    added: false
  };
}

function typeOf(value: unknown, source: string): ParameterType {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !/[.eE]/.test(source) ? 'int' : 'float';
  }
  if (typeof value === 'boolean') {
    return 'bool';
  }
  if (typeof value === 'string') {
    return 'str';
  }
  return Array.isArray(value) ? 'list' : 'dict';
}

/** A value as text; `quoted` where a string could be taken for JSON. */
function toText(value: unknown, quoted = false): string {
  if (typeof value === 'string') {
    return quoted && parseJson(value) !== undefined
      ? JSON.stringify(value)
      : value;
  }
  return JSON.stringify(value) ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
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
