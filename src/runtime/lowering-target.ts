/**
 * Which lowering of training graphs this machine's ONNX Runtime executes fastest.
 *
 * The block size of the blocked kernels depends on the processor and is not to be asked for; a wrong one gives wrong
 * numbers or an error. So a small convolution is run with each, and the one that agrees with the plain kernel is taken.
 */
import { lower } from '../autodiff/lowering/index.ts';
import { type LoweringTarget, PLAIN } from '../autodiff/lowering/target.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, ints } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { createSession } from './session.ts';

/** Two blocks of 16 channels, so that a wrong order within or between blocks shows. */
const CHANNELS = 32;
const SIDE = 5;
const CANDIDATES: readonly LoweringTarget[] = [
  { kind: 'blocked', block: 16 },
  { kind: 'blocked', block: 8 },
];

let found: Promise<LoweringTarget> | null = null;

/**
 * The lowering whose kernels ONNX Runtime has for this processor: blocked by 16 or 8 channels where a small
 * convolution then gives what the plain kernel gives, else plain. Found once per process (some 20 ms).
 */
export function loweringTarget(): Promise<LoweringTarget> {
  found ??= probe();
  return found;
}

async function probe(): Promise<LoweringTarget> {
  const expected = await convolve(PLAIN);
  for (const target of CANDIDATES) {
    // Builds of ONNX Runtime without these kernels refuse the operators.
    const result = await convolve(target).catch(() => null);
    if (result?.every((value, i) => Math.abs(value - expected[i]!) < 1e-3)) return target;
  }
  return PLAIN;
}

async function convolve(target: LoweringTarget): Promise<Float32Array> {
  const g = createGraphBuilder({ name: 'probe' });
  const shapes = { x: [1, CHANNELS, SIDE, SIDE], w: [CHANNELS, CHANNELS, 3, 3] };
  g.input('x', 'float32', shapes.x);
  g.input('w', 'float32', shapes.w);
  g.output(g.op('Conv', ['x', 'w'], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }));
  const session = await createSession(encodeModel(lower(g.build(), g.shape, target)));
  try {
    const random = createRandom('probe');
    const feeds = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]): [string, Tensor] => {
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
        return [name, { dtype: 'float32', shape, data }];
      }),
    );
    const outputs = await session.run(feeds);
    return outputs[session.outputNames[0]!]!.data as Float32Array;
  } finally {
    await session.release();
  }
}
