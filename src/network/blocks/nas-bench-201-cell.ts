/** The NAS-Bench-201 cell (Dong & Yang 2020): four nodes, an operation on each of the six edges between them. */
import type { NetworkBuilder } from '../builder.ts';
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

/** `edges` in the order 0→1, 0→2, 1→2, 0→3, 1→3, 2→3; each node sums what comes in. `out` channels, by default as `x`. */
export function nasBench201Cell(
  b: NetworkBuilder,
  x: string,
  edges: readonly NasBench201Operation[],
  out = b.channels(x),
): string {
  const nodes = [x];
  let edge = 0;
  for (let to = 1; to <= 3; to++) {
    const inputs = nodes.map((from, i) => {
      const name = edges[edge++]!;
      return b.scope(`edge${i}to${to}`, () => OPERATIONS[name](b, from, out));
    });
    nodes.push(inputs.length === 1 ? inputs[0]! : b.add(inputs, { id: `node${to}` }));
  }
  return nodes[3]!;
}
