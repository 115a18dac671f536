import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { createSessionPool } from './session-pool.ts';

const model = (operator: string): Uint8Array => {
  const g = createGraphBuilder({ name: operator });
  g.input('x', 'float32', [4]);
  g.output(g.op(operator, ['x']));
  return encodeModel(g.build());
};
const x = { dtype: 'float32', shape: [4], data: Float32Array.of(-1, 0, 2, 3) } as const;

test('a released session serves the next one of the same model and options, and no other', async () => {
  const pool = createSessionPool();
  const first = await pool.open(model('Relu'));
  const atOnce = await pool.open(model('Relu'));
  expect(atOnce.inputs).not.toBe(first.inputs);
  await first.release();
  expect((await pool.open(model('Neg'))).inputs).not.toBe(first.inputs);
  expect((await pool.open(model('Relu'), { threads: 2 })).inputs).not.toBe(first.inputs);
  const again = await pool.open(model('Relu'));
  expect(again.inputs).toBe(first.inputs);
  const [result] = Object.values(await again.run({ x }));
  expect(Array.from(result!.data as Float32Array)).toEqual([0, 0, 2, 3]);
});

test('the one that has been idle longest makes room', async () => {
  const pool = createSessionPool({ most: 1 });
  const [relu, neg] = [await pool.open(model('Relu')), await pool.open(model('Neg'))];
  await relu.release();
  await neg.release();
  expect((await pool.open(model('Neg'))).inputs).toBe(neg.inputs);
  expect((await pool.open(model('Relu'))).inputs).not.toBe(relu.inputs);
});

test.each([
  ['in a process that has grown too large', createSessionPool({ residentLimit: 1 })],
  ['after its end', createSessionPool()],
])('nothing is kept %s', async (when, pool) => {
  const session = await pool.open(model('Relu'));
  if (when === 'after its end') await pool.close();
  await session.release();
  await expect(session.run({ x })).rejects.toThrow();
  expect((await pool.open(model('Relu'))).inputs).not.toBe(session.inputs);
});
