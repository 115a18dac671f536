/** The NAS-Bench-201 cell (Dong & Yang 2020). */
import type { NetworkBuilder } from '../builder.ts';
import { fourNodeCell } from './four-node-cell.ts';
import { reluConvBn } from './relu-conv-bn.ts';

export const NAS_BENCH_201_OPERATIONS = [
  'none',
  'skip_connect',
  'nor_conv_1x1',
  'nor_conv_3x3',
  'avg_pool_3x3',
] as const;
export type NasBench201Operation = (typeof NAS_BENCH_201_OPERATIONS)[number];

type Operation = (b: NetworkBuilder, x: string, out: number) => string;

/** Those that keep the number of channels get a convolution where it changes, as in NATS-Bench's size space. */
const OPERATIONS: { readonly [O in NasBench201Operation]: Operation } = {
  none: (b, x, out) => b.zero(b.channels(x) === out ? x : b.conv(x, { out, kernel: 1 })),
  skip_connect: (b, x, out) => (b.channels(x) === out ? x : b.batchNorm(b.conv(x, { out, kernel: 1 }))),
  nor_conv_1x1: (b, x, out) => reluConvBn(b, x, { out, kernel: 1 }),
  nor_conv_3x3: (b, x, out) => reluConvBn(b, x, { out, kernel: 3 }),
  avg_pool_3x3: (b, x, out) =>
    b.averagePool(b.channels(x) === out ? x : reluConvBn(b, x, { out, kernel: 1 }), {
      kernel: 3,
      stride: 1,
      padding: [1, 1, 1, 1],
    }),
};

/** `out` channels, by default as `x`. */
export function nasBench201Cell(
  b: NetworkBuilder,
  x: string,
  edges: readonly NasBench201Operation[],
  out = b.channels(x),
): string {
  return fourNodeCell(b, x, edges, (operation, value) => OPERATIONS[operation](b, value, out));
}
