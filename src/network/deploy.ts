/** The form in which a network is deployed: parallel branches merged, batch norm folded, nothing that only trains. */
import { foldBatchNorm } from '../onnx/fold-batch-norm.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { withFloatScopes } from '../onnx/precision.ts';
import type { Network } from './network.ts';
import { reparameterise } from './reparameterise.ts';
import { networkToOnnx } from './to-onnx.ts';

/**
 * The model's metadata say what stays in float when it is quantised (onnx/precision.ts).
 * @param batch a number, or `'batch'` for a batch of any size
 */
export function deploymentModel(
  network: Network,
  weights: ReadonlyMap<string, Tensor>,
  batch: number | 'batch',
): OnnxModel {
  const merged = reparameterise(network, weights);
  const model = foldBatchNorm(networkToOnnx(merged.network, merged.weights, { mode: 'inference', batch }));
  return withFloatScopes(model, network.float ?? []);
}
