import { expect, test } from 'vitest';
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder, float, int } from '../../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../../onnx/model.ts';
import { valueTypes } from '../../onnx/value-types.ts';
import { createRandom } from '../../random.ts';
import { loweringTarget } from '../../runtime/lowering-target.ts';
import { createSession } from '../../runtime/session.ts';
import { lower } from './index.ts';
import type { LoweringTarget } from './target.ts';

const target = await loweringTarget();

interface Product {
  readonly inner: number;
  readonly rows: number;
  readonly columns: number;
  readonly transB: boolean;
  readonly bias: boolean;
}

function lowered({ inner, rows, columns, transB, bias }: Product, target: LoweringTarget): OnnxModel {
  const g = createGraphBuilder({ name: 'product' });
  g.input('a', 'float32', [inner, rows]);
  g.input('b', 'float32', transB ? [columns, inner] : [inner, columns]);
  if (bias) g.input('c', 'float32', [columns]);
  const attributes = { transA: int(1), transB: int(transB ? 1 : 0), alpha: float(0.5), beta: float(2) };
  g.output(g.op('Gemm', bias ? ['a', 'b', 'c'] : ['a', 'b'], attributes), 'y');
  return lower(g.build(), (value) => g.shape(value), target);
}

async function result(model: OnnxModel): Promise<Tensor> {
  const session = await createSession(encodeModel(model));
  const random = createRandom('factors');
  const feeds = Object.fromEntries(
    model.graph.inputs.map(({ name, shape }): [string, Tensor] => {
      const sizes = shape.map(Number);
      const length = sizes.reduce((a, b) => a * b, 1);
      return [
        name,
        { dtype: 'float32', shape: sizes, data: Float32Array.from({ length }, () => random.normal()) },
      ];
    }),
  );
  const { y } = await session.run(feeds);
  const copy = { ...y!, data: (y!.data as Float32Array).slice() };
  await session.release();
  return copy;
}

const reorders = ({ graph }: OnnxModel): number =>
  graph.nodes.filter(({ op }) => op.startsWith('Reorder')).length;

test.skipIf(target.kind === 'plain').each<[Product, number]>([
  [{ inner: 32, rows: 7, columns: 256, transB: false, bias: false }, 2],
  [{ inner: 48, rows: 300, columns: 260, transB: true, bias: true }, 2],
  // Few columns, or a batch that is no multiple of the block.
  [{ inner: 32, rows: 300, columns: 255, transB: false, bias: true }, 0],
  [{ inner: 30, rows: 64, columns: 512, transB: false, bias: false }, 0],
])('%o (needs blocked kernels)', async (product, expected) => {
  const plain = lowered(product, { kind: 'plain' });
  const blocked = lowered(product, target);
  expect([reorders(plain), reorders(blocked)]).toEqual([0, expected]);
  // Passes over the lowered graph ask for the shapes of its values.
  const types = valueTypes(blocked);
  for (const { outputs } of blocked.graph.nodes) expect(types.has(outputs[0]!)).toBe(true);
  const [reference, actual] = [await result(plain), await result(blocked)];
  expect(actual.shape).toEqual(reference.shape);
  const most = Math.max(...(reference.data as Float32Array).map(Math.abs));
  for (const [i, value] of (reference.data as Float32Array).entries())
    expect(Math.abs(Number(actual.data[i]) - value)).toBeLessThan(1e-6 * most);
});
