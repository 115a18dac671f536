/** The latency of a model from a calibration. */
import { fail } from '../../errors.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { LatencyCalibration, Precision } from './calibration-file.ts';
import { type Prediction, predictLatency } from './fit.ts';
import { kernelsOf } from './kernels.ts';
import { workOf } from './work.ts';

/** A model with integers in it is predicted as a quantised one. */
const precisionOf = ({ graph }: OnnxModel): Precision =>
  graph.nodes.some(({ op }) => op === 'QuantizeLinear') ? 'int8' : 'float';

/** @throws USAGE when the calibration has no predictor for the model's precision; SHAPE for a model that does not fit */
export function predictModel(
  { models }: LatencyCalibration,
  model: OnnxModel,
): Prediction & { readonly precision: Precision; readonly confidence: number } {
  const precision = precisionOf(model);
  const predictor =
    models[precision] ??
    fail('USAGE', {
      what: `the calibration cannot predict ${precision} models, only ${Object.keys(models).join(', ')}`,
      hint: 'Calibrate the device with `espalier device calibrate --int8`, which does both.',
    });
  return {
    ...predictLatency(predictor, workOf(kernelsOf(model))),
    precision,
    confidence: predictor.confidence,
  };
}
