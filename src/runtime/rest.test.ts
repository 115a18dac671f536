import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { beginRest, endRest, restOver } from './rest.ts';
import { createSession } from './session.ts';

test('no session runs while the process rests, and all go on afterwards', async () => {
  const g = createGraphBuilder({ name: 'small' });
  g.output(g.op('Abs', [g.input('x', 'float32', [1])]));
  const session = await createSession(encodeModel(g.build()));
  const feeds = { x: { dtype: 'float32', shape: [1], data: Float32Array.of(-2) } } as const;
  try {
    beginRest();
    beginRest();
    let ran = 0;
    const runs = [1, 2].map(async () => {
      const outputs = await session.run(feeds);
      ran++;
      return Object.values(outputs)[0]?.data[0];
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(ran).toBe(0);
    endRest();
    expect(await Promise.all(runs)).toEqual([2, 2]);
    endRest();
    expect(restOver()).toBeNull();
  } finally {
    await session.release();
  }
});
