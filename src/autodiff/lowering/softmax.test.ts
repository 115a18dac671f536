import { expect, test } from 'vitest';
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder, int } from '../../onnx/graph-builder.ts';
import { createRandom } from '../../random.ts';
import { createSession } from '../../runtime/session.ts';
import { lower } from './index.ts';
import { type LoweringTarget, PLAIN } from './target.ts';

async function logSoftmax(shape: readonly number[], target: LoweringTarget) {
  const g = createGraphBuilder({ name: 'softmax' });
  g.input('x', 'float32', shape);
  g.output(g.op('LogSoftmax', ['x'], { axis: int(1) }), 'y');
  const model = lower(g.build(), g.shape, target);
  const session = await createSession(encodeModel(model));
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  createRandom('softmax').fillNormal(data, 60);
  const { y } = await session.run({ x: { dtype: 'float32', shape, data } });
  await session.release();
  return { ops: model.graph.nodes.map((n) => n.op), y: y!.data as Float32Array };
}

test.each([
  [[2, 2, 5, 3], true],
  [[2, 5, 7], true],
  [[2, 40, 3, 3], false],
  [[3, 4], false],
])(
  'log softmax of %j over few channels is written out, also for large logits',
  async (shape, isWrittenOut) => {
    const blocked = await logSoftmax(shape, { kind: 'blocked', block: 16 });
    const plain = await logSoftmax(shape, PLAIN);
    expect(blocked.ops.includes('LogSoftmax')).toBe(!isWrittenOut);
    expect(plain.ops).toEqual(['LogSoftmax']);
    blocked.y.forEach((value, i) => {
      expect(Math.abs(value - plain.y[i]!)).toBeLessThan(1e-4);
    });
  },
);
