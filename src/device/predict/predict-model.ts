/** The latency of a model from a calibration. */
import { fail } from '../../errors.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { LatencyCalibration, Precision } from './calibration-file.ts';
import { type Prediction, predictLatency } from './fit.ts';
import { type Kernel, kernelsOf } from './kernels.ts';
import { workOf } from './work.ts';

export interface ModelPrediction extends Prediction {
  readonly precision: Precision;
  readonly confidence: number;
}

/** A model with integers in it is predicted as a quantised one. */
const precisionOf = (kernels: readonly Kernel[]): Precision =>
  kernels.some(({ kind }) => kind.family.startsWith('QuantizeLinear')) ? 'int8' : 'float';

/** @throws USAGE when the calibration has no predictor for the model's precision; SHAPE for a model that does not fit */
export const predictModel = (calibration: LatencyCalibration, model: OnnxModel): ModelPrediction =>
  predictKernels(calibration, kernelsOf(model));

/** @throws USAGE as {@link predictModel} */
export function predictKernels(
  { models }: Pick<LatencyCalibration, 'models'>,
  kernels: readonly Kernel[],
): ModelPrediction {
  const precision = precisionOf(kernels);
  const predictor =
    models[precision] ??
    fail('USAGE', {
      what: `the calibration cannot predict ${precision} models, only ${Object.keys(models).join(', ')}`,
      hint: 'Calibrate the device with `espalier device calibrate --int8`, which does both.',
    });
  return {
    ...predictLatency(predictor, workOf(kernels)),
    precision,
    confidence: predictor.confidence,
  };
}
