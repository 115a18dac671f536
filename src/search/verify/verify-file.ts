import type { ImageDataset } from '../../data/dataset.ts';
import { loadImageDataset } from '../../data/load.ts';
import { EspalierError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { readModelFile } from '../../onnx/read-file.ts';
import { checkDigest } from '../../onnx/seal.ts';
import { PRESETS } from '../../space/presets/index.ts';
import type { SearchSpace } from '../../space/space.ts';
import { validateGenome } from '../../space/validation.ts';
import { loadSpace } from '../load-space.ts';
import { ioOf, type ModelMetadata, ownMetadata } from '../model-metadata.ts';
import { agrees, type Check, type CheckResult, disagrees, unchecked, type VerifyContext } from './check.ts';
import { checkCost } from './cost.ts';
import { checkAccuracy, checkData } from './data.ts';
import { checkIntervals } from './intervals.ts';
import { checkKernels } from './kernels.ts';
import { checkLatency } from './latency.ts';
import { checkRuns } from './runs.ts';
import { checkStructure } from './structure.ts';

const checkFileDigest: Check = ({ bytes }) => {
  const { recorded, computed } = checkDigest(bytes);
  if (recorded === null) return unchecked(`the file carries no digest; it has ${computed}`);
  return recorded === computed
    ? agrees(computed)
    : disagrees(`the file was changed after it was written: it says ${recorded}, it has ${computed}`);
};

const checkMetadata: Check = ({ unreadable }) => (unreadable === null ? null : disagrees(unreadable));

/** In the order in which they are told. */
const CHECKS = {
  digest: checkFileDigest,
  metadata: checkMetadata,
  structure: checkStructure,
  cost: checkCost,
  runs: checkRuns,
  kernels: checkKernels,
  intervals: checkIntervals,
  latency: checkLatency,
  data: checkData,
  accuracy: checkAccuracy,
} satisfies Record<string, Check>;

export interface VerifyRequest {
  readonly path: string;
  /** As for a search; null: what needs data is not checked. */
  readonly data: string | null;
  /** A module or preset to take instead of the preset that the file names; null: that one. */
  readonly space: string | null;
  readonly latency: boolean;
  readonly threads: number;
  readonly signal: AbortSignal;
}

export interface VerifyReport {
  readonly path: string;
  /** No check disagrees. */
  readonly ok: boolean;
  readonly checks: readonly (CheckResult & { readonly name: keyof typeof CHECKS })[];
  /** Null of a file that Espalier did not write, or whose metadata are damaged. */
  readonly metadata: ModelMetadata | null;
}

/** @throws MODEL_MISSING, ONNX_READ, SPACE_UNKNOWN, the errors of reading data */
export async function verifyFile(request: VerifyRequest): Promise<VerifyReport> {
  const { path, latency, threads, signal } = request;
  const { model, bytes } = await readModelFile(path);
  const { metadata, unreadable } = metadataOf(model, path);
  const space = await spaceFor(metadata, request.space);
  const dataset = await datasetOf(metadata, request.data, signal);
  const context: VerifyContext = {
    bytes,
    model,
    precision: model.graph.nodes.some(({ op }) => op === 'DequantizeLinear') ? 'int8' : 'float',
    metadata,
    unreadable,
    space,
    ...rebuild(space, metadata),
    dataset,
    timed: latency,
    threads,
    signal,
  };
  const checks: (CheckResult & { name: keyof typeof CHECKS })[] = [];
  for (const [name, check] of Object.entries(CHECKS) as [keyof typeof CHECKS, Check][]) {
    const result = await attempt(check, context);
    if (result !== null) checks.push({ name, ...result });
  }
  return { path, ok: checks.every(({ status }) => status !== 'disagrees'), checks, metadata };
}

/** A file that was damaged there is one in which a thing is wrong, like any other. */
function metadataOf(model: OnnxModel, path: string): Pick<VerifyContext, 'metadata' | 'unreadable'> {
  try {
    return { metadata: ownMetadata(model, path), unreadable: null };
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { metadata: null, unreadable: error.message };
  }
}

/** A file that cannot be loaded, or data of other classes, are no reason to say nothing of the rest. */
async function attempt(check: Check, context: VerifyContext): Promise<CheckResult | null> {
  try {
    return await check(context);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return unchecked(error.message);
  }
}

async function spaceFor(metadata: ModelMetadata | null, given: string | null): Promise<SearchSpace | null> {
  if (metadata?.space === undefined) return null;
  if (given !== null) return loadSpace(given);
  const presets: Readonly<Record<string, SearchSpace>> = PRESETS;
  return Object.hasOwn(presets, metadata.space) ? presets[metadata.space]! : null;
}

function rebuild(
  space: SearchSpace | null,
  metadata: ModelMetadata | null,
): { readonly network: Network | null; readonly missing: string } {
  if (metadata?.space === undefined) return { network: null, missing: 'the file names no space' };
  if (space === null)
    return {
      network: null,
      missing: `the space "${metadata.space}" is no preset of this version; name its module with --space`,
    };
  try {
    const genome: unknown = metadata.genome;
    validateGenome(space, genome);
    return { network: space.build(genome, ioOf(metadata)), missing: '' };
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { network: null, missing: error.message };
  }
}

/** Read as the search read them: the same split, size and colours. */
async function datasetOf(
  metadata: ModelMetadata | null,
  data: string | null,
  signal: AbortSignal,
): Promise<ImageDataset | null> {
  if (data === null || metadata === null) return null;
  const { seed, preprocessing } = metadata;
  const { channels, height, width } = preprocessing;
  const { dataset } = await loadImageDataset(data, {
    seed: seed ?? 1,
    signal,
    channels,
    ...(height === width && { imageSize: height }),
  });
  return dataset;
}
