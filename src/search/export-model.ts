/** The trained network as files: ONNX with its metadata, its structure as JSON. */
import { rename, writeFile } from 'node:fs/promises';
import { deploymentModel } from '../network/deploy.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import type { Weights } from '../train/plan.ts';
import { type ModelMetadata, writeMetadata } from './model-metadata.ts';

/** The deployed form, for a batch of any size. */
export function exportedModel(network: Network, weights: Weights, metadata: ModelMetadata | null): OnnxModel {
  const model = deploymentModel(network, weights, 'batch');
  return { ...model, metadata: metadata === null ? {} : writeMetadata(metadata) };
}

/** Its file. */
export const modelBytes = (network: Network, weights: Weights, metadata: ModelMetadata | null): Uint8Array =>
  encodeModel(exportedModel(network, weights, metadata));

/** Whole or not at all: a crash while writing leaves what was there before. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
