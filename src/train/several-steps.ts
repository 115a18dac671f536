/** The model of several training steps in one run, in the forms that ONNX Runtime is fastest with. */
import type { TrainingGraph } from '../autodiff/training-graph.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { inPieces } from './in-pieces.ts';
import { withScaledSums } from './scaled-sums.ts';
import { unrolled } from './unroll.ts';

/** @param fixed inputs that every step is fed alike, with their values */
export async function severalSteps(
  { model, parameters }: TrainingGraph,
  steps: number,
  fixed: Readonly<Record<string, Float32Array>>,
): Promise<OnnxModel> {
  const sizes = parameters.entries.map(({ length }) => length);
  const whole = unrolled(model, steps, new Set(Object.keys(fixed)));
  const apart = inPieces(whole, sizes, new Map(Object.entries(fixed)));
  const target = await loweringTarget();
  return target.kind === 'blocked' ? withScaledSums(apart, target.block) : apart;
}
