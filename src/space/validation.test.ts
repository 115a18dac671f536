import { describe, expect, it } from 'vitest';
import { float, int, oneOf, optional, repeat, shared, struct, subset, variant } from './choice.ts';
import { describeGenome, parseGenome, stringifyGenome } from './json.ts';
import { validateGenome } from './validation.ts';

const activation = shared('activation', oneOf(['relu', 'silu']));
const space = {
  name: 'demo',
  root: struct({
    stem: int(8, 32, { step: 8 }),
    stages: repeat(struct({ kernel: oneOf([3, 5, 7]), activation }), 1, 3),
    head: optional(variant({ linear: struct({}), mlp: struct({ units: int(16, 64), activation }) })),
    inputs: subset(['a', 'b', 'c'], { min: 1, max: 2 }),
    rate: float(0, 0.5),
  }),
};
const stage = { kernel: 3, activation: 'relu' };
const valid = {
  stem: 16,
  stages: [stage, stage],
  head: { kind: 'mlp', units: 20, activation: 'relu' },
  inputs: ['a', 'c'],
  rate: 0.25,
};

describe('validateGenome', () => {
  it('accepts what the space holds', () => {
    expect(() => validateGenome(space, valid)).not.toThrow();
    expect(() => validateGenome(space, { ...valid, head: null })).not.toThrow();
  });

  it.each([
    [
      { ...valid, stages: [stage, stage, { ...stage, kernel: 4 }] },
      'stages[2].kernel: 4 is not one of 3, 5, 7',
    ],
    [{ ...valid, stem: 12 }, 'stem: 12 is not an integer from 8 to 32 in steps of 8'],
    [{ ...valid, stem: '16' }, 'stem: "16" is not an integer'],
    [{ ...valid, stages: [] }, 'stages: has 0 items where 1 to 3 are allowed'],
    [{ ...valid, stages: stage }, 'stages: {"kernel":3,"activation":"relu"} is not a list'],
    [{ ...valid, stages: [{ kernel: 3 }] }, 'stages[0].activation: is missing'],
    [
      { ...valid, stages: [{ ...stage, kernal: 3 }] },
      'stages[0].kernal: is not a choice here; there are kernel, activation',
    ],
    [
      { ...valid, stages: [stage, { ...stage, activation: 'silu' }] },
      'stages[1].activation: "silu" differs from "relu" at stages[0].activation, but both share "activation"',
    ],
    [{ ...valid, head: { kind: 'none' } }, 'head.kind: "none" is not one of linear, mlp'],
    [{ ...valid, head: { kind: 'toString' } }, 'head.kind: "toString" is not one of linear, mlp'],
    [{ ...valid, head: { kind: 'linear', units: 3 } }, 'head.units: is not a choice here; there are none'],
    [{ ...valid, inputs: ['a', 'd'] }, 'inputs[1]: "d" is not one of a, b, c'],
    [{ ...valid, inputs: ['c', 'a'] }, 'inputs: the items c, a do not each stand once in the order a, b, c'],
    [{ ...valid, inputs: ['a', 'b', 'c'] }, 'inputs: selects 3 items where 1 to 2 are allowed'],
    [{ ...valid, rate: Number.NaN }, 'rate: null is not a number from 0 to 0.5'],
    [null, '(root): null is not an object'],
    [undefined, '(root): undefined is not an object'],
  ])('says where and why: case %#', (genome, message) => {
    expect(() => validateGenome(space, genome)).toThrow(`Not a genome of the space "demo": ${message}`);
  });
});

describe('genome texts', () => {
  it('do not depend on the order of fields', () => {
    const turned = Object.fromEntries(Object.entries(valid).reverse());
    expect(stringifyGenome(space, turned as typeof valid)).toBe(JSON.stringify(valid));
    expect(JSON.stringify(parseGenome(space, JSON.stringify(turned)))).toBe(JSON.stringify(valid));
  });

  it('refuse what is not JSON', () => {
    expect(() => parseGenome(space, '{"stem":')).toThrow(/not JSON/);
  });

  it('are short in terminals', () => {
    expect(describeGenome(valid)).toBe(
      'stem=16 stages=[{kernel=3 activation=relu} ×2] head=mlp(units=20 activation=relu) inputs=[a, c] rate=0.25',
    );
    expect(describeGenome({ head: null, block: { kind: 'plain' }, rate: 1 / 3 })).toBe(
      'head=- block=plain rate=0.3333',
    );
    expect(describeGenome([1, 1, 2])).toBe('[1 ×2, 2]');
  });
});
