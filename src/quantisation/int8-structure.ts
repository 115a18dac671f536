/** The quantised form of a model as far as it does not depend on values: which operators, of which shapes. */
import type { OnnxModel } from '../onnx/model.ts';
import { planQuantisation } from './plan.ts';
import { prepareModel } from './prepare.ts';
import { quantiseCalibrated } from './quantise.ts';

const ANY = { low: -1, high: 1 };
const LIMIT = 127;

/**
 * Runs nothing: every range is the same. The weights of `model` may be blank (network/blank-weights.ts).
 * @throws NOT_QUANTISABLE
 */
export function int8Structure(model: OnnxModel): OnnxModel {
  const prepared = prepareModel(model);
  const { values } = planQuantisation(prepared.graph, new Set());
  const ranges = new Map([...values].map((value) => [value, ANY]));
  const none = { weights: new Map(), shifts: new Map() };
  return quantiseCalibrated({
    model: prepared,
    target: 'onnxruntime',
    method: 'minMax',
    ranges,
    limit: LIMIT,
    ...none,
  }).model;
}
