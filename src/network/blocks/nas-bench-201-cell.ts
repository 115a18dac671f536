/** The NAS-Bench-201 cell (Dong & Yang 2020): four nodes, an operation on each of the six edges between them. */
import type { NetworkBuilder } from '../builder.ts';

export const NAS_BENCH_201_OPERATIONS = [
  'none',
  'skip_connect',
  'nor_conv_1x1',
  'nor_conv_3x3',
  'avg_pool_3x3',
] as const;
export type NasBench201Operation = (typeof NAS_BENCH_201_OPERATIONS)[number];

/** ReLU, convolution, batch norm, in that order. */
function reluConvBn(b: NetworkBuilder, x: string, kernel: number): string {
  return b.batchNorm(b.conv(b.activation(x, 'relu'), { out: b.channels(x), kernel }));
}

const OPERATIONS: { readonly [O in NasBench201Operation]: (b: NetworkBuilder, x: string) => string } = {
  none: (b, x) => b.zero(x),
  skip_connect: (_, x) => x,
  nor_conv_1x1: (b, x) => reluConvBn(b, x, 1),
  nor_conv_3x3: (b, x) => reluConvBn(b, x, 3),
  avg_pool_3x3: (b, x) => b.averagePool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] }),
};

/** `edges` in the order 0→1, 0→2, 1→2, 0→3, 1→3, 2→3; each node sums what comes in. */
export function nasBench201Cell(
  b: NetworkBuilder,
  x: string,
  edges: readonly NasBench201Operation[],
): string {
  const nodes = [x];
  let edge = 0;
  for (let to = 1; to <= 3; to++) {
    const inputs = nodes.map((from, i) => {
      const name = edges[edge++]!;
      return b.scope(`edge${i}to${to}`, () => OPERATIONS[name](b, from));
    });
    nodes.push(inputs.length === 1 ? inputs[0]! : b.add(inputs, { id: `node${to}` }));
  }
  return nodes[3]!;
}
