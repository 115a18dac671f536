/** How much an estimate may cost: the rungs of partial training. */
import type { Network } from '../network/network.ts';

export interface Fidelity {
  readonly epochs: number;
  /** Share of the training images, 0 < share ≤ 1. */
  readonly dataShare: number;
  /** Share of the image's side, 0 < share ≤ 1. */
  readonly resolution: number;
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
    inputs: network.inputs,
    nodes: [...resizes, ...network.nodes.map((node) => ({ ...node, inputs: node.inputs.map(redirect) }))],
    outputs: network.outputs.map(redirect),
  };
}
