import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { discard } from './discard.ts';
import { createSession } from './session.ts';

const LENGTH = 1 << 20;
const held = (): number => process.memoryUsage().arrayBuffers;
const vector = (value: number) => ({
  dtype: 'float32' as const,
  shape: [LENGTH],
  data: new Float32Array(LENGTH).fill(value),
});

test('a discarded buffer is empty, and its memory free at once', async () => {
  // The first one of a process waits until the port has closed.
  discard(new ArrayBuffer(1));
  await setTimeout(20);
  const buffer = new ArrayBuffer(4 * LENGTH);
  const before = held();
  discard(buffer);
  expect(buffer.byteLength).toBe(0);
  expect(held()).toBeLessThanOrEqual(before - 4 * LENGTH);
});

test('a run into given tensors fills them, returns them, and leaves no copy behind', async () => {
  const g = createGraphBuilder({ name: 'negative' });
  g.output(g.op('Neg', [g.input('x', 'float32', [LENGTH])]), 'y');
  const session = await createSession(encodeModel(g.build()));
  const [x, y] = [vector(2), vector(0)];
  await session.run({ x }, { y });
  const before = held();
  const outputs = await session.run({ x }, { y });
  expect(held() - before).toBeLessThan(LENGTH);
  expect(outputs.y).toBe(y);
  expect(y.data.every((v) => v === -2)).toBe(true);
  await session.release();
});
