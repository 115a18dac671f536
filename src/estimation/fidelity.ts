/** How much an estimate may cost: the rungs of partial training. */
import type { Network } from '../network/network.ts';

/** How much of a full training is spent on a candidate. */
export interface Fidelity {
  /** Passes over the data, ≥ 1. */
  readonly epochs: number;
  /** Share of the training images, 0 < share ≤ 1. */
  readonly dataShare: number;
  /** Share of the image's side, 0 < share ≤ 1. */
  readonly resolution: number;
}

/** Each level costs so many times the one below (Jamieson & Talwalkar 2016; Li et al. 2018 found 3 to 4 best). */
const REDUCTION = 3;

/** Epochs and data of each of `levels` fidelities, cheapest first; the last is the full one. */
export function fidelityLadder(
  full: Pick<Fidelity, 'epochs' | 'dataShare'>,
  levels: number,
): readonly Pick<Fidelity, 'epochs' | 'dataShare'>[] {
  return Array.from({ length: levels }, (_, level) => {
    const passes = (full.epochs * full.dataShare) / REDUCTION ** (levels - 1 - level);
    const epochs = level === levels - 1 ? full.epochs : Math.max(1, Math.round(passes));
    return { epochs, dataShare: Math.min(1, passes / epochs) };
  });
}

/** Mean cost of a trial relative to a full one, when one in three goes on from each level. */
export function meanCostShare(levels: number): number {
  const counts = Array.from({ length: levels }, (_, level) => REDUCTION ** -level);
  return (levels * REDUCTION ** (1 - levels)) / counts.reduce((sum, count) => sum + count, 0);
}

/** Smaller images tell nothing any more, and strided networks would run out of pixels. */
const MIN_SIDE = 8;

/**
 * The same network on images scaled down by `share`: a bilinear resize stands before all layers. The operators after it
 * are unchanged, so a network that ends in global pooling keeps the shapes of its weights.
 */
export function atResolution(network: Network, share: number): Network {
  if (share >= 1) return network;
  const scaled = new Map<string, string>();
  const resizes = network.inputs.flatMap(({ id, shape: [, height, width] }) => {
    if (height === undefined || width === undefined) return [];
    scaled.set(id, `${id}.scaled`);
    const side = (pixels: number) => Math.min(pixels, Math.max(MIN_SIDE, Math.round(pixels * share)));
    const operator = { kind: 'resize', size: [side(height), side(width)], mode: 'bilinear' } as const;
    return [{ id: `${id}.scaled`, operator, inputs: [id] }];
  });
  const redirect = (id: string) => scaled.get(id) ?? id;
  return {
    ...network,
    nodes: [...resizes, ...network.nodes.map((node) => ({ ...node, inputs: node.inputs.map(redirect) }))],
    outputs: network.outputs.map(redirect),
  };
}
