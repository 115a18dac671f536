/** The form in which a network is deployed: parallel branches merged, batch norm folded, nothing that only trains. */
import { foldBatchNorm } from '../onnx/fold-batch-norm.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { withFloatScopes } from '../onnx/precision.ts';
import type { Network } from './network.ts';
import { reparameterise } from './reparameterise.ts';
import { networkToOnnx } from './to-onnx.ts';

/**
 * The form in which a network is deployed: parallel branches merged (`reparameterise`), batch norms folded
 * (`foldBatchNorm`), nothing that only trains. Input `input` [batch, channels, height, width], output `logits`
 * [batch, outputs], both float32. The model's metadata say what stays in float when it is quantised.
 * @param weights by name: see `initialWeights`
 * @param batch a number ≥ 1, or `'batch'` for a batch of any size
 * @throws SHAPE when a layer does not fit its input, or a weight is missing or of another shape
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
