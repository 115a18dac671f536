/** The cell of TransNAS-Bench-101's micro space (Duan et al. 2021). */
import type { NetworkBuilder } from '../builder.ts';
import { factorizedReduce } from './factorized-reduce.ts';
import { fourNodeCell } from './four-node-cell.ts';
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

/** Edges from the input have the stride; `out` is the number of channels, as `x` has or twice that. */
export function transnasCell(
  b: NetworkBuilder,
  x: string,
  edges: readonly TransnasOperation[],
  size: Size,
): string {
  return fourNodeCell(b, x, edges, (operation, value, from) =>
    OPERATIONS[operation](b, value, from === 0 ? size : { ...size, stride: 1 }),
  );
}
