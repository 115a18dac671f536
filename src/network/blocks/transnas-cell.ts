/** The cell of TransNAS-Bench-101's micro space (Duan et al. 2021): four nodes, an operation on each of the six edges. */
import type { NetworkBuilder } from '../builder.ts';
import { factorizedReduce } from './factorized-reduce.ts';
import { reluConvBn } from './relu-conv-bn.ts';

/** In the benchmark's order: their places are its codes. */
export const TRANSNAS_OPERATIONS = ['none', 'skip_connect', 'conv_1x1', 'conv_3x3'] as const;
export type TransnasOperation = (typeof TRANSNAS_OPERATIONS)[number];

interface Size {
  readonly out: number;
  readonly stride: 1 | 2;
}
type Operation = (b: NetworkBuilder, x: string, size: Size) => string;

const OPERATIONS: { readonly [O in TransnasOperation]: Operation } = {
  none: (b, x, { out, stride }) => {
    const zero = b.zero(x, { stride });
    // Channels double where they change.
    return b.channels(zero) === out ? zero : b.concat([zero, zero]);
  },
  skip_connect: (b, x, { out, stride }) =>
    stride === 1 && b.channels(x) === out ? x : factorizedReduce(b, x, out),
  conv_1x1: (b, x, size) => reluConvBn(b, x, { ...size, kernel: 1 }),
  conv_3x3: (b, x, size) => reluConvBn(b, x, { ...size, kernel: 3 }),
};

/**
 * `edges` in the order 0→1, 0→2, 1→2, 0→3, 1→3, 2→3; each node sums what comes in. Edges from the input halve the map with
 * stride 2; `out` is the number of channels, as `x` has or twice that.
 */
export function transnasCell(
  b: NetworkBuilder,
  x: string,
  edges: readonly TransnasOperation[],
  size: Size,
): string {
  const nodes = [x];
  let edge = 0;
  for (let to = 1; to <= 3; to++) {
    const inputs = nodes.map((node, from) => {
      const operation = OPERATIONS[edges[edge++]!];
      return b.scope(`edge${from}to${to}`, () =>
        operation(b, node, from === 0 ? size : { ...size, stride: 1 }),
      );
    });
    nodes.push(inputs.length === 1 ? inputs[0]! : b.add(inputs, { id: `node${to}` }));
  }
  return nodes[3]!;
}
