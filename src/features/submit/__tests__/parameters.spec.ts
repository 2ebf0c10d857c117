import {
  makeInspection,
  makeParameterField as field,
  trans
} from '../../../__tests__/fakes';
import { canAdd, parseParameter } from '../parameters';
import type { ParameterType } from '../parameters';

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

describe('canAdd', () => {
  it('holds where the notebook declares nothing', () => {
    expect(canAdd(makeInspection())).toBe(false);
    expect(canAdd(makeInspection({ has_parameters_cell: false }))).toBe(true);
    expect(canAdd(makeInspection({ parameters: [] }))).toBe(true);
  });
});
