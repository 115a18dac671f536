/**
 * The cell of DARTS (Liu et al. 2019), as evaluated there and in NAS-Bench-301 (Zela et al. 2022): four nodes, each the
 * sum of two operations on the outputs of the two cells before or on earlier nodes; their concatenation is the output.
 * Drop path, which is a matter of training, is left out.
 */
import type { NetworkBuilder } from '../builder.ts';
import { factorizedReduce } from './factorized-reduce.ts';
import { reluConvBn } from './relu-conv-bn.ts';

/** In the order of NASLib's indices. */
export const DARTS_OPERATIONS = [
  'max_pool_3x3',
  'avg_pool_3x3',
  'skip_connect',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'dil_conv_3x3',
  'dil_conv_5x5',
] as const;
export type DartsOperation = (typeof DARTS_OPERATIONS)[number];

/** Two operations and what they take: 0 is the output of the cell before the last one, 1 that of the last, 2 … the nodes. */
export interface DartsNode {
  readonly inputs: readonly number[];
  readonly operations: readonly DartsOperation[];
}

type Stride = 1 | 2;
type Operation = (b: NetworkBuilder, x: string, stride: Stride) => string;

/** ReLU, depthwise and pointwise convolution, batch norm. */
function separable(
  b: NetworkBuilder,
  x: string,
  { kernel, stride, dilation = 1 }: { kernel: number; stride: Stride; dilation?: number },
): string {
  const channels = b.channels(x);
  const depthwise = { out: channels, kernel, stride, dilation, groups: channels, id: 'depthwise' };
  const mixed = b.conv(b.conv(b.activation(x, 'relu'), depthwise), { out: channels, kernel: 1 });
  return b.batchNorm(mixed);
}
const separableTwice =
  (kernel: number): Operation =>
  (b, x, stride) =>
    separable(b, separable(b, x, { kernel, stride }), { kernel, stride: 1 });
const dilated =
  (kernel: number): Operation =>
  (b, x, stride) =>
    separable(b, x, { kernel, stride, dilation: 2 });

const POOL = { kernel: 3, padding: [1, 1, 1, 1] } as const;
const OPERATIONS: { readonly [O in DartsOperation]: Operation } = {
  max_pool_3x3: (b, x, stride) => b.maxPool(x, { ...POOL, stride }),
  avg_pool_3x3: (b, x, stride) => b.averagePool(x, { ...POOL, stride }),
  skip_connect: (b, x, stride) => (stride === 1 ? x : factorizedReduce(b, x, b.channels(x))),
  sep_conv_3x3: separableTwice(3),
  sep_conv_5x5: separableTwice(5),
  dil_conv_3x3: dilated(3),
  dil_conv_5x5: dilated(5),
};

/**
 * @param before outputs of the cell before the last one and of the last one, whose map may be half as large
 * @param options channels of each node, a quarter of the output's, and the stride of operations on the cell's inputs
 */
export function dartsCell(
  b: NetworkBuilder,
  before: readonly [string, string],
  nodes: readonly DartsNode[],
  { out, stride }: { readonly out: number; readonly stride: Stride },
): string {
  const [first, second] = before;
  const [, ...firstMap] = b.shape(first);
  const [, ...secondMap] = b.shape(second);
  const values = [
    b.scope('input0', () =>
      firstMap.join() === secondMap.join()
        ? reluConvBn(b, first, { out, kernel: 1 })
        : factorizedReduce(b, first, out),
    ),
    b.scope('input1', () => reluConvBn(b, second, { out, kernel: 1 })),
  ];
  for (const [i, { inputs, operations }] of nodes.entries()) {
    const node = i + 2;
    const terms = inputs.map((from, place) =>
      b.scope(`edge${from}to${node}`, () =>
        OPERATIONS[operations[place]!](b, values[from]!, from < 2 ? stride : 1),
      ),
    );
    values.push(b.add(terms, { id: `node${node}` }));
  }
  return b.concat(values.slice(2));
}
