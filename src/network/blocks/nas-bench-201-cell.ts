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
/** What stands on an edge, by the benchmark's name. */
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

/**
 * The cell of NAS-Bench-201 (Dong and Yang 2020): four nodes, each the sum of an operation on every node before it.
 * @param edges six operations: edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3, the benchmark's order
 * @param out channels, by default as `x`; where they differ, operations that keep their number get a 1×1 convolution
 * @returns the id of its output [out, height, width]
 * @throws SHAPE as `NetworkBuilder`
 */
export function nasBench201Cell(
  b: NetworkBuilder,
  x: string,
  edges: readonly NasBench201Operation[],
  out = b.channels(x),
): string {
  return fourNodeCell(b, x, edges, (operation, value) => OPERATIONS[operation](b, value, out));
}
