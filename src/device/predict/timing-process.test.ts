import { afterAll, expect, test } from 'vitest';
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import { timingProcess } from './timing-process.ts';

const stop = new AbortController();
const { timer, close } = timingProcess(1, stop.signal);
afterAll(close);

function modelOf(op: string): Uint8Array {
  const g = createGraphBuilder({ name: op });
  g.output(g.op(op, [g.input('x', 'float32', [1, 256])]));
  return encodeModel(g.build());
}

test('one process times one model after another; a refused one costs that one', async () => {
  const first = await timer(modelOf('Exp'));
  expect(first.lowerQuartileMs).toBeGreaterThan(0);
  expect(first.medianMs).toBeGreaterThanOrEqual(first.lowerQuartileMs);
  await expect(timer(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'MODEL_LOAD' });
  expect((await timer(modelOf('Log'))).medianMs).toBeGreaterThan(0);
}, 30_000);

test('once it is closed the next model starts another one; an abort is what it was aborted with', async () => {
  await close();
  expect((await timer(modelOf('Abs'))).medianMs).toBeGreaterThan(0);
  const asked = timer(modelOf('Abs'));
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
}, 30_000);
