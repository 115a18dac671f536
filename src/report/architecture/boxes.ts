/** A network as the boxes that are drawn: a convolution with its norm and activation is one box. */
import { layerCosts } from '../../network/cost.ts';
import type { Network, NetworkNode, Operator, OperatorKind } from '../../network/network.ts';

export type BoxFamily = 'conv' | 'depthwise' | 'linear' | 'pool' | 'merge' | 'other';

export interface Box {
  /** Of the node that it starts with. */
  readonly id: string;
  readonly family: BoxFamily;
  readonly title: string;
  /** What follows inside the box, e.g. `norm, relu`; empty when nothing does. */
  readonly detail: string;
  /** Ids of boxes or network inputs. */
  readonly inputs: readonly string[];
  /** Of its output, per image. */
  readonly shape: readonly number[];
  readonly params: number;
  readonly macs: number;
}

type OperatorOf<K extends OperatorKind> = Extract<Operator, { readonly kind: K }>;

/** `3×3`, or `3` for both. */
const square = ([height, width]: readonly [number, number]): string => `${height}×${width}`;
const strideText = (stride: readonly [number, number]): string =>
  stride[0] === 1 && stride[1] === 1 ? '' : ` /${stride[0] === stride[1] ? stride[0] : square(stride)}`;

const pool = (name: string) => (operator: OperatorOf<'maxPool' | 'averagePool'>) =>
  `${name} ${square(operator.kernel)}${strideText(operator.stride)}`;

/** What a node is called in a box. */
const TITLES: { readonly [K in OperatorKind]: (operator: OperatorOf<K>) => string } = {
  conv: ({ kernel, groups, outChannels, stride, dilation }) => {
    const kind = groups === 1 ? 'conv' : groups === outChannels ? 'depthwise' : `conv, ${groups} groups`;
    const dilated = dilation[0] > 1 || dilation[1] > 1 ? ` dilated ${dilation[0]}` : '';
    return `${square(kernel)} ${kind} ${outChannels}${strideText(stride)}${dilated}`;
  },
  linear: ({ outFeatures }) => `linear ${outFeatures}`,
  batchNorm: () => 'norm',
  activation: ({ name }) => name,
  maxPool: pool('max pool'),
  averagePool: pool('average pool'),
  globalAveragePool: () => 'global average',
  flatten: () => 'flatten',
  add: () => 'add',
  multiply: () => 'multiply',
  concat: () => 'concat',
  slice: ({ size }) => `slice of ${size.join('×')}`,
  zero: ({ stride }) => `zero${strideText(stride)}`,
  resize: ({ size, mode }) => `resize to ${square(size)}, ${mode}`,
  dropout: ({ rate }) => `dropout ${rate}`,
  stochasticDepth: ({ rate }) => `stochastic depth ${rate}`,
};

const FAMILIES: Readonly<Record<OperatorKind, BoxFamily>> = {
  conv: 'conv',
  linear: 'linear',
  batchNorm: 'other',
  activation: 'other',
  maxPool: 'pool',
  averagePool: 'pool',
  globalAveragePool: 'pool',
  flatten: 'other',
  add: 'merge',
  multiply: 'merge',
  concat: 'merge',
  slice: 'other',
  zero: 'other',
  resize: 'other',
  dropout: 'other',
  stochasticDepth: 'other',
};

/** Nodes that join the box before them. */
const FOLLOWERS: ReadonlySet<OperatorKind> = new Set([
  'batchNorm',
  'activation',
  'dropout',
  'stochasticDepth',
  'flatten',
]);

const titleOf = <K extends OperatorKind>(operator: OperatorOf<K>): string =>
  (TITLES[operator.kind as K] as (operator: OperatorOf<K>) => string)(operator);

const familyOf = (operator: Operator): BoxFamily =>
  operator.kind === 'conv' && operator.groups > 1 && operator.groups === operator.outChannels
    ? 'depthwise'
    : FAMILIES[operator.kind];

/** In topological order. @throws SHAPE when the network is not well formed */
export function boxesOf(network: Network): Box[] {
  const costs = new Map(layerCosts(network).map((layer) => [layer.id, layer]));
  const readers = new Map<string, number>();
  for (const { inputs } of network.nodes)
    for (const id of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const boxes: NetworkNode[][] = [];
  /** The box that a node's value leaves from. */
  const boxOfNode = new Map<string, NetworkNode[]>();
  for (const node of network.nodes) {
    const [only] = node.inputs;
    const before = node.inputs.length === 1 && readers.get(only!) === 1 ? boxOfNode.get(only!) : undefined;
    const box = FOLLOWERS.has(node.operator.kind) && before !== undefined ? before : [];
    if (box.length === 0) boxes.push(box);
    box.push(node);
    boxOfNode.set(node.id, box);
  }
  return boxes.map((nodes) => {
    const [first, ...rest] = nodes as [NetworkNode, ...NetworkNode[]];
    const layers = nodes.map((node) => costs.get(node.id)!);
    return {
      id: first.id,
      family: familyOf(first.operator),
      title: titleOf(first.operator),
      detail: rest.map((node) => titleOf(node.operator)).join(', '),
      inputs: first.inputs.map((id) => boxOfNode.get(id)?.[0]?.id ?? id),
      shape: layers[layers.length - 1]!.shape,
      params: layers.reduce((sum, layer) => sum + layer.params, 0),
      macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    };
  });
}
