/** How much faster networks are in 8 bits: weights are random, which takes as long as trained ones. */
import { networkCost } from '../../src/network/cost.ts';
import { deploymentModel } from '../../src/network/deploy.ts';
import { initialWeights } from '../../src/network/initialise.ts';
import { encodeModel } from '../../src/onnx/encode.ts';
import {
  compareLatency,
  type LatencyComparison,
  processorMs,
} from '../../src/quantisation/compare-latency.ts';
import { PLAIN, quantise } from '../../src/quantisation/quantise.ts';
import { createRandom } from '../../src/random.ts';
import { loadSpace } from '../../src/search/load-space.ts';
import { preprocessingOf } from '../../src/search/model-figures.ts';
import { exampleOf } from '../../src/search/verify/example.ts';
import { sampleGenome } from '../../src/space/sampling.ts';

export interface SpeedRow {
  readonly network: string;
  /** Side of the RGB images. */
  readonly side: number;
  readonly macs: number;
  readonly latency: LatencyComparison;
}

const SIDES: Readonly<Record<string, readonly number[]>> = {
  'resnet-20': [32, 64],
  'resnet-20-wide': [32],
  'mobilenet-v2': [32, 64],
};

/** One thread, one image, runs of both in turns, in processor time: other processes do not disturb it. */
export async function speedRows(networks: readonly string[]): Promise<SpeedRow[]> {
  const rows: SpeedRow[] = [];
  for (const network of networks)
    for (const side of SIDES[network] ?? []) rows.push(await speedRow(network, side));
  return rows;
}

async function speedRow(network: string, side: number): Promise<SpeedRow> {
  const space = await loadSpace(new URL(`${network}.ts`, import.meta.url).pathname);
  const random = createRandom('speed');
  const built = space.build(sampleGenome(space, random), { inputShape: [3, side, side], outputs: 10 });
  const model = deploymentModel(built, initialWeights(built, random), 1);
  const preprocessing = preprocessingOf(
    { channels: 3, height: side, width: side },
    { mean: [0, 0, 0], std: [1, 1, 1] },
  );
  const feeds = { input: exampleOf({ preprocessing }) };
  const { model: quantised } = await quantise(model, [feeds], PLAIN);
  const latency = await compareLatency([encodeModel(model), encodeModel(quantised)], feeds, {
    threads: 1,
    clock: processorMs,
  });
  return { network, side, macs: networkCost(built).macs, latency };
}
