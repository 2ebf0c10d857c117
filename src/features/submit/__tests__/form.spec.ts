import {
  makeContainer,
  makeDockerOptions,
  makeInspection,
  makeJob,
  makeOptions,
  makeParameter,
  makeParameterField as field,
  trans
} from '../../../__tests__/fakes';
import { initialState, placeErrors, toRequest, validate } from '../form';
import type { IFormState } from '../form';
import { addedField } from '../parameters';

const options = makeOptions();

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
        time_limit_seconds: 5400,
        gpus: null
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
    expect(validate(form, options, trans)).toEqual({});
  });

  it('keeps sizes that have no round name exact', () => {
    const resources = {
      cpus: null,
      memory_bytes: 1_234_567_891,
      time_limit_seconds: 61,
      gpus: null
    };
    const form = initialState(
      makeInspection(),
      makeOptions(),
      makeJob({ resources })
    );
    const request = toRequest(form, options, 'a', 'k', trans);
    expect(request.resources).toEqual(resources);
  });

  it('keeps values that the notebook does not declare, where it takes them', () => {
    const job = makeJob({ parameters: { alpha: '1', beta: [2] } });
    const open = makeInspection({ has_parameters_cell: false, parameters: [] });
    const form = initialState(open, makeOptions(), job);
    expect(toRequest(form, options, 'a', 'k', trans).parameters).toEqual({
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

describe('validate', () => {
  it('finds nothing wrong in a fresh form', () => {
    expect(validate(state(), options, trans)).toEqual({});
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
    expect(Object.keys(validate(state(change), options, trans))).toEqual([
      name
    ]);
  });

  it('takes names that Python takes', () => {
    const parameters = [addedField('größe_2', 1), addedField('_x', 1)];
    expect(validate(state({ parameters }), options, trans)).toEqual({});
  });
});

describe('toRequest', () => {
  it('asks for what MLflow is to log by itself', () => {
    const usual = initialState(
      makeInspection(),
      makeOptions({ autolog: 'models' })
    );
    expect(toRequest(usual, options, 'a', 'k', trans).autolog).toBe('models');
    const again = initialState(
      makeInspection(),
      options,
      makeJob({ autolog: 'off' })
    );
    expect(toRequest(again, options, 'a', 'k', trans).autolog).toBe('off');
  });

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
      options,
      'work/train.ipynb',
      'key',
      trans
    );
    expect(request).toEqual({
      autolog: 'on',
      notebook: 'work/train.ipynb',
      name: 'fit',
      experiment: 'house-prices',
      parameters: { depth: 8 },
      runner: 'process',
      kernel: 'python3',
      resources: {
        cpus: 0.5,
        memory_bytes: 2 * 1024 ** 3,
        time_limit_seconds: 3600,
        gpus: null
      },
      idempotency_key: 'key'
    });
  });

  it('sends null where nothing was written', () => {
    const request = toRequest(
      state({ name: '', kernel: '' }),
      options,
      'a',
      'k',
      trans
    );
    expect([request.name, request.kernel]).toEqual([null, null]);
    expect(request.resources).toEqual({
      cpus: null,
      memory_bytes: null,
      time_limit_seconds: null,
      gpus: null
    });
  });
});

describe('a form for a runner with images', () => {
  const docker = makeDockerOptions();
  const form = (change: Partial<IFormState> = {}): IFormState => ({
    ...initialState(makeInspection(), docker),
    runner: 'docker',
    ...change
  });

  it('is filled in with image, network and GPUs of an earlier job', () => {
    const container = makeContainer({ network_access: true, pull: true });
    const job = makeJob({
      runner: 'docker',
      resources: { ...makeJob().resources, gpus: 2 },
      environment: { ...makeJob().environment, kernel: 'ir', container }
    });
    expect(initialState(makeInspection(), docker, job)).toMatchObject({
      runner: 'docker',
      image: container.image,
      networkAccess: true,
      pull: true,
      gpus: '2',
      // The kernel in a container says nothing about this machine.
      kernel: 'python3'
    });
  });

  it.each<[Partial<IFormState>, string[]]>([
    [{}, []],
    [{ gpus: ' 64 ' }, []],
    [{ gpus: '0' }, ['resources.gpus']],
    [{ gpus: '65' }, ['resources.gpus']],
    [{ gpus: '1.5' }, ['resources.gpus']],
    [{ image: ' ' }, ['image']],
    [{ image: 'x'.repeat(256) }, ['image']],
    // What is not shown is not looked at.
    [{ runner: 'process', gpus: 'many', image: '' }, []]
  ])('marks %j at %j', (change, names) => {
    expect(Object.keys(validate(form(change), docker, trans))).toEqual(names);
  });

  it('sends image, network and GPUs instead of a kernel', () => {
    const state = form({ image: ' other:1 ', networkAccess: true, gpus: '2' });
    const request = toRequest(state, docker, 'a', 'k', trans);
    expect(request).toMatchObject({
      runner: 'docker',
      image: 'other:1',
      pull: false,
      network_access: true,
      resources: { gpus: 2 }
    });
    expect(request).not.toHaveProperty('kernel');
  });

  it('sends none of it to a runner without images', () => {
    const state = form({ runner: 'process', gpus: '2', pull: true });
    const request = toRequest(state, docker, 'a', 'k', trans);
    expect(request).toMatchObject({
      kernel: 'python3',
      resources: { gpus: null }
    });
    for (const name of ['image', 'pull', 'network_access']) {
      expect(request).not.toHaveProperty(name);
    }
  });

  it('asks to fetch only what is not there', () => {
    const pulls = ['studio/notebook:1', 'other:1'].map(image =>
      toRequest(form({ image, pull: true }), docker, 'a', 'k', trans)
    );
    expect(pulls.map(({ pull }) => pull)).toEqual([false, true]);
  });

  const refused = [
    'image',
    'pull',
    'network_access',
    'resources.gpus',
    'kernel'
  ];
  const place = (state: IFormState) =>
    placeErrors(
      refused.map(field => ({ field, message: 'no' })),
      state,
      docker
    );

  it('has a place for what the server says of each', () => {
    const { fields, rest } = place(form({ image: 'other:1' }));
    expect(Object.keys(fields)).toEqual(refused.slice(0, 4));
    expect(rest).toEqual(['kernel: no']);
  });

  it('says beside the fields what is about none that is shown', () => {
    expect(place(form()).rest).toEqual(['pull: no', 'kernel: no']);
    expect(place(form({ runner: 'process' })).rest).toHaveLength(4);
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
      form,
      options
    );
    expect(placed.fields).toEqual({
      'parameters.depth': 'Must be even.',
      'parameters.+1': 'Is unknown.',
      'resources.memory_bytes': 'Is too much.'
    });
    expect(placed.rest).toEqual(['notebook: is gone']);
  });
});
