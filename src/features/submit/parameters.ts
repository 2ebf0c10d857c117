import type { TranslationBundle } from '@jupyterlab/translation';
import type { NotebookInspection, NotebookParameter } from '../../contract';

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

const TYPES: readonly string[] = [
  'int',
  'float',
  'bool',
  'str',
  'list',
  'dict'
];

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

/** Name under which a parameter's error is kept. */
export function parameterKey(field: IParameterField, index: number): string {
  return field.added ? `parameters.+${index}` : `parameters.${field.name}`;
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

/** A declared parameter as the form opens. */
export function toField(parameter: NotebookParameter): IParameterField {
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
export function toText(value: unknown, quoted = false): string {
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
