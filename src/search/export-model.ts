/** The trained network as files: ONNX with its metadata, its structure as JSON. */
import { deploymentModel } from '../network/deploy.ts';
import type { Network } from '../network/network.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { portableModel } from '../onnx/portable.ts';
import { sealModel } from '../onnx/seal.ts';
import type { Weights } from '../train/plan.ts';
import { type ModelMetadata, writeMetadata } from './model-metadata.ts';

/** The deployed form, for a batch of any size, in a version of the format that is read widely. */
export function exportedModel(network: Network, weights: Weights, metadata: ModelMetadata | null): OnnxModel {
  const model = portableModel(deploymentModel(network, weights, 'batch'));
  return metadata === null ? model : withMetadata(model, metadata);
}

/** What the model says of itself beside the names of scopes that stay in float. */
export const withMetadata = (model: OnnxModel, metadata: ModelMetadata): OnnxModel => ({
  ...model,
  metadata: { ...model.metadata, ...writeMetadata(metadata) },
});

/** Its file, with its digest. */
export const modelBytes = (network: Network, weights: Weights, metadata: ModelMetadata | null): Uint8Array =>
  sealModel(exportedModel(network, weights, metadata));
