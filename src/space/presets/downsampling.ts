/** How the presets fit inputs from 8x8 to 256x256: every one ends at maps of about 4x4 to 8x8. */
import type { NetworkBuilder } from '../../network/builder.ts';

/** Maps of this size are not reduced further. */
const SMALLEST_MAP = 4;
/** Stems bring larger maps down to this size, because every layer's cost grows with the map's area. */
const LARGEST_MAP = 64;

function mapSize(b: NetworkBuilder, x: string): number {
  const [, height, width] = b.shape(x);
  return Math.min(height!, width!);
}

/** 2 where the map is large enough to be halved, otherwise 1. */
export const strideFor = (b: NetworkBuilder, x: string): 1 | 2 => (mapSize(b, x) > SMALLEST_MAP ? 2 : 1);

/** 2 where a stem must halve its input, otherwise 1. */
export const stemStride = (b: NetworkBuilder): 1 | 2 => (mapSize(b, b.input) > LARGEST_MAP ? 2 : 1);

/** Max pooling by 2 until the map has at most 64 pixels a side. */
export function poolToWorkingSize(b: NetworkBuilder, x: string): string {
  return mapSize(b, x) > LARGEST_MAP ? poolToWorkingSize(b, b.maxPool(x, { kernel: 2, stride: 2 })) : x;
}
