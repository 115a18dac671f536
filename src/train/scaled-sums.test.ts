import { expect, test } from 'vitest';
import { NCHWC_DOMAIN } from '../autodiff/lowering/layouts.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32, type GraphBuilder } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { createSession } from '../runtime/session.ts';
import { withScaledSums } from './scaled-sums.ts';

const SIZE = 16 * 999;
const target = await loweringTarget();
const block = target.kind === 'blocked' ? target.block : null;

/** A graph with the vectors x and y and the number s, and what it gives. */
function graphOf(build: (g: GraphBuilder) => readonly string[], size = SIZE): OnnxModel {
  const g = createGraphBuilder({ name: 'sums' });
  g.input('x', 'float32', [size]);
  g.input('y', 'float32', [size]);
  g.input('s', 'float32', []);
  for (const value of build(g)) g.output(value);
  return g.build();
}

/** Results to the last bit, but for the sign of zeros. */
async function resultsOf(model: OnnxModel): Promise<readonly Uint32Array[]> {
  const session = await createSession(encodeModel(model));
  const random = createRandom('values');
  const feeds = Object.fromEntries(
    session.inputs.map(({ name, shape }): [string, Tensor] => {
      const sizes = shape.map(Number);
      const length = sizes.reduce((a, b) => a * b, 1);
      // Numbers of all sizes, denormal ones among them.
      const data = Float32Array.from({ length }, () => random.normal() * 10 ** (random.int(80) - 45));
      return [name, { dtype: 'float32', shape: sizes, data }];
    }),
  );
  const outputs = await session.run(feeds);
  await session.release();
  return session.outputNames.map((name) => {
    const values = (outputs[name]!.data as Float32Array).map((value) => value + 0);
    return new Uint32Array(values.buffer);
  });
}

const convolutions = ({ graph }: OnnxModel): number =>
  graph.nodes.filter(({ domain }) => domain === NCHWC_DOMAIN).length;

const third = (g: GraphBuilder): string => g.constant(float32([1 / 3]));

test.skipIf(block === null).each<[string, number, (g: GraphBuilder) => readonly string[]]>([
  ['x·s + y', 1, (g) => [g.op('Add', [g.op('Mul', ['x', 's']), 'y'])]],
  ['y + s·x', 1, (g) => [g.op('Add', ['y', g.op('Mul', ['s', 'x'])])]],
  ['y − x·s', 1, (g) => [g.op('Sub', ['y', g.op('Mul', ['x', 's'])])]],
  ['x·s − y', 0, (g) => [g.op('Sub', [g.op('Mul', ['x', 's']), 'y'])]],
  ['x·y + y', 0, (g) => [g.op('Add', [g.op('Mul', ['x', 'y']), 'y'])]],
  ['a sum with a number', 0, (g) => [g.op('Add', [g.op('Mul', ['x', 's']), 's'])]],
  ['x·⅓ + y·s', 1, (g) => [g.op('Add', [g.op('Mul', ['x', third(g)]), g.op('Mul', ['y', 's'])])]],
  [
    'a product that is read twice',
    0,
    (g) => {
      const product = g.op('Mul', ['x', 's']);
      return [g.op('Add', [product, 'y']), g.op('Exp', [product])];
    },
  ],
  [
    'a product that is an output',
    0,
    (g) => {
      const product = g.op('Mul', ['x', 's']);
      return [g.op('Add', [product, 'y']), product];
    },
  ],
  [
    'a vector that is added to and read again',
    3,
    (g) => {
      const sum = g.op('Add', [g.op('Mul', ['x', 's']), 'y']);
      const other = g.op('Add', [g.op('Mul', ['y', 's']), sum]);
      return [other, g.op('Sub', [sum, g.op('Mul', [other, third(g)])])];
    },
  ],
])('%s: the same to the last bit (needs blocked kernels)', async (_, expected, build) => {
  const model = graphOf(build);
  const lowered = withScaledSums(model, block!);
  expect(convolutions(lowered)).toBe(expected);
  expect(await resultsOf(lowered)).toEqual(await resultsOf(model));
});

test.each([16 * 8, 1 + (1 << 13)])('vectors of %i elements are left as they are', (size) => {
  const model = graphOf((g) => [g.op('Add', [g.op('Mul', ['x', 's']), 'y'])], size);
  expect(convolutions(withScaledSums(model, 16))).toBe(0);
});
