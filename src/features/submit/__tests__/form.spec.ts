import {
  makeInspection,
  makeJob,
  makeOptions,
  makeParameter,
  trans
} from '../../../__tests__/fakes';
import {
  addedField,
  canAdd,
  initialState,
  parseParameter,
  placeErrors,
  toRequest,
  validate
} from '../form';
import type { IFormState, IParameterField, ParameterType } from '../form';

function field(
  type: ParameterType,
  text: string,
  more: Partial<IParameterField> = {}
): IParameterField {
  return {
    name: 'x',
    type,
    text,
    default: '',
    optional: false,
    help: '',
    added: false,
    ...more
  };
}

function state(change: Partial<IFormState> = {}): IFormState {
  return { ...initialState(makeInspection(), makeOptions()), ...change };
}

describe('initialState', () => {
  it('takes names, defaults and types from the notebook', () => {
    const form = state();
    expect(form).toMatchObject({
      name: 'train-8f2',
      experiment: 'house-prices',
      runner: 'process',
      kernel: 'python3',
      cpus: '',
      memory: '',
      timeLimit: ''
    });
    expect(
      form.parameters.map(({ name, type, text }) => [name, type, text])
    ).toEqual([
      ['max_depth', 'int', '6'],
      ['learning_rate', 'float', '0.1']
    ]);
  });

  it.each([
    ['', 6, '6', 'int', '6'],
    ['', 6, '6.0', 'float', '6'],
    ['', 'a', "'a'", 'str', 'a'],
    ['', true, 'True', 'bool', 'true'],
    ['', [1], '[1]', 'list', '[1]'],
    ['', { a: 1 }, "{'a': 1}", 'dict', '{"a":1}'],
    ['str', 'a', "'a'", 'str', 'a'],
    ['', null, 'None', 'any', ''],
    ['int', null, 'None', 'int', ''],
    ['bool', null, 'None', 'any', ''],
    ['Path', null, "Path('x')", 'any', '']
  ])(
    'shows a %p parameter of value %p (%s) as %p',
    (type, value, source, shown, text) => {
      const inspection = makeInspection({
        parameters: [makeParameter('x', type, value, source)]
      });
      const [parameter] = initialState(inspection, makeOptions()).parameters;
      expect([parameter.type, parameter.text]).toEqual([shown, text]);
      expect(parameter.optional).toBe(value === null);
    }
  );

  it('is filled in with what an earlier job had', () => {
    const job = makeJob({
      parameters: { max_depth: 8, gone: 1 },
      trial: { ...makeJob().trial, experiment: 'other' },
      resources: {
        cpus: 0.5,
        memory_bytes: 1.5 * 1024 ** 3,
        time_limit_seconds: 5400
      },
      environment: { ...makeJob().environment, kernel: 'ir' }
    });
    const form = initialState(makeInspection(), makeOptions(), job);
    expect(form.parameters.map(({ text }) => text)).toEqual(['8', '0.1']);
    expect(form).toMatchObject({
      experiment: 'other',
      kernel: 'ir',
      cpus: '0.5',
      memory: '1.5 GiB',
      timeLimit: '90 m'
    });
    expect(validate(form, trans)).toEqual({});
  });

  it('keeps sizes that have no round name exact', () => {
    const resources = {
      cpus: null,
      memory_bytes: 1_234_567_891,
      time_limit_seconds: 61
    };
    const form = initialState(
      makeInspection(),
      makeOptions(),
      makeJob({ resources })
    );
    const request = toRequest(form, 'a', 'k', trans);
    expect(request.resources).toEqual(resources);
  });

  it('keeps values that the notebook does not declare, where it takes them', () => {
    const job = makeJob({ parameters: { alpha: '1', beta: [2] } });
    const open = makeInspection({ has_parameters_cell: false, parameters: [] });
    const form = initialState(open, makeOptions(), job);
    expect(toRequest(form, 'a', 'k', trans).parameters).toEqual({
      alpha: '1',
      beta: [2]
    });
  });

  it('falls back when a kernel or runner is not there', () => {
    const form = initialState(
      makeInspection({ kernel: null }),
      makeOptions(),
      makeJob({ runner: 'docker' })
    );
    expect([form.kernel, form.runner]).toEqual(['python3', 'process']);
  });
});

describe('parseParameter', () => {
  it.each<[ParameterType, string, unknown]>([
    ['int', '8', 8],
    ['int', ' -12 ', -12],
    ['int', '1_000', 1000],
    ['float', '0.1', 0.1],
    ['float', '1e-3', 0.001],
    ['float', '5', 5],
    ['bool', 'true', true],
    ['bool', 'false', false],
    ['str', ' kept as it is ', ' kept as it is '],
    ['str', '', ''],
    ['list', '[1, "a", null]', [1, 'a', null]],
    ['dict', '{"a": [1]}', { a: [1] }],
    ['any', '3', 3],
    ['any', 'text', 'text'],
    ['any', '"3"', '3'],
    ['any', 'null', null]
  ])('reads %p from %p', (type, text, value) => {
    expect(parseParameter(field(type, text), trans)).toEqual({ value });
  });

  it.each<[ParameterType, string]>([
    ['int', '8.5'],
    ['int', ''],
    ['int', 'eight'],
    ['int', '0x10'],
    ['int', '9007199254740993'],
    ['float', ''],
    ['float', 'fast'],
    ['float', 'Infinity'],
    ['float', 'NaN'],
    ['list', '{}'],
    ['list', "['a']"],
    ['list', ''],
    ['dict', '[]'],
    ['dict', 'null']
  ])('does not take %p from %p', (type, text) => {
    const { error, value } = parseParameter(field(type, text), trans);
    expect(error).toBeTruthy();
    expect(value).toBeUndefined();
  });

  it('leaves the default to the notebook where a field may be empty', () => {
    expect(parseParameter(field('int', '', { optional: true }), trans)).toEqual(
      {}
    );
  });
});

describe('validate', () => {
  it('finds nothing wrong in a fresh form', () => {
    expect(validate(state(), trans)).toEqual({});
  });

  it.each<[Partial<IFormState>, string]>([
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ experiment: '  ', newExperiment: true }, 'experiment'],
    [{ experiment: 'x'.repeat(251) }, 'experiment'],
    [{ cpus: '0' }, 'resources.cpus'],
    [{ cpus: 'many' }, 'resources.cpus'],
    [{ cpus: '1025' }, 'resources.cpus'],
    [{ memory: 'lots' }, 'resources.memory_bytes'],
    [{ memory: '1 MiB' }, 'resources.memory_bytes'],
    [{ timeLimit: 'soon' }, 'resources.time_limit_seconds'],
    [{ timeLimit: '0' }, 'resources.time_limit_seconds'],
    [{ timeLimit: '29 days' }, 'resources.time_limit_seconds'],
    [{ parameters: [field('int', 'x')] }, 'parameters.x'],
    [{ parameters: [addedField('')] }, 'parameters.+0'],
    [{ parameters: [addedField('1a')] }, 'parameters.+0'],
    [{ parameters: [field('str', ''), addedField('x')] }, 'parameters.+1']
  ])('marks %j at its field', (change, name) => {
    expect(Object.keys(validate(state(change), trans))).toEqual([name]);
  });

  it('takes names that Python takes', () => {
    const parameters = [addedField('größe_2', 1), addedField('_x', 1)];
    expect(validate(state({ parameters }), trans)).toEqual({});
  });
});

describe('toRequest', () => {
  it('sends values by their types and limits in base units', () => {
    const request = toRequest(
      state({
        name: ' fit ',
        cpus: '0.5',
        memory: '2 GiB',
        timeLimit: '1 h',
        parameters: [
          field('int', '8', { name: 'depth' }),
          field('any', '', { name: 'unset', optional: true })
        ]
      }),
      'work/train.ipynb',
      'key',
      trans
    );
    expect(request).toEqual({
      notebook: 'work/train.ipynb',
      name: 'fit',
      experiment: 'house-prices',
      parameters: { depth: 8 },
      runner: 'process',
      kernel: 'python3',
      resources: {
        cpus: 0.5,
        memory_bytes: 2 * 1024 ** 3,
        time_limit_seconds: 3600
      },
      idempotency_key: 'key'
    });
  });

  it('sends null where nothing was written', () => {
    const request = toRequest(state({ name: '', kernel: '' }), 'a', 'k', trans);
    expect([request.name, request.kernel]).toEqual([null, null]);
    expect(request.resources).toEqual({
      cpus: null,
      memory_bytes: null,
      time_limit_seconds: null
    });
  });
});

describe('placeErrors', () => {
  it('puts what the server says at the fields and returns the rest', () => {
    const form = state({
      parameters: [field('int', '8', { name: 'depth' }), addedField('extra')]
    });
    const placed = placeErrors(
      [
        { field: 'parameters.depth', message: 'must be even' },
        { field: 'parameters.extra', message: 'Is unknown.' },
        { field: 'resources.memory_bytes', message: 'is too much' },
        { field: 'notebook', message: 'is gone' }
      ],
      form
    );
    expect(placed.fields).toEqual({
      'parameters.depth': 'Must be even.',
      'parameters.+1': 'Is unknown.',
      'resources.memory_bytes': 'Is too much.'
    });
    expect(placed.rest).toEqual(['notebook: is gone']);
  });
});

describe('canAdd', () => {
  it('holds where the notebook declares nothing', () => {
    expect(canAdd(makeInspection())).toBe(false);
    expect(canAdd(makeInspection({ has_parameters_cell: false }))).toBe(true);
    expect(canAdd(makeInspection({ parameters: [] }))).toBe(true);
  });
});
