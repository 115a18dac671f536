import type { NetworkBuilder } from '../builder.ts';

/** Halves the map: half of the channels see its even pixels, half its odd ones (odd sides: the even ones again). */
export function factorizedReduce(b: NetworkBuilder, x: string, out: number): string {
  const active = b.activation(x, 'relu');
  const [channels, height, width] = b.shape(active) as [number, number, number];
  const start = [0, (height + 1) % 2, (width + 1) % 2];
  const shifted = b.slice(active, { start, size: [channels, height - start[1]!, width - start[2]!] });
  const half = (from: string, share: number): string => b.conv(from, { out: share, kernel: 1, stride: 2 });
  const first = Math.floor(out / 2);
  return b.batchNorm(b.concat([half(active, first), half(shifted, out - first)]));
}
