/**
 * Structural re-parameterisation (Ding et al. 2021): sums of parallel linear branches, as RepVGG trains them, become
 * single convolutions of equal value, which run faster.
 */
import type { Tensor } from '../onnx/model.ts';
import { isBlank } from './blank-weights.ts';
import { checkWeights } from './check-weights.ts';
import type { Network, NetworkNode, Operator, Padding, Pair } from './network.ts';
import { readersOf } from './readers.ts';
import { networkShapes, outputShape, rememberShapes } from './rules/shape.ts';
import { sharedOperator } from './shared-operator.ts';

type Conv = Extract<Operator, { kind: 'conv' }>;
/** Tensors by name, `<node id>.<suffix>`. */
type Weights = ReadonlyMap<string, Tensor>;

/** One summand: a convolution or the identity, then perhaps a batch norm. */
interface Branch {
  readonly conv: NetworkNode | null;
  readonly norm: NetworkNode | null;
  readonly source: string;
}

/** A sum of branches and the convolution that takes its place. */
interface Merge {
  /** Id of the sum, and of the convolution. */
  readonly sum: string;
  readonly id: string;
  readonly target: Conv;
  readonly branches: readonly Branch[];
}

/** A network and its weights after merging. */
export interface Reparameterised {
  /** The given one itself where nothing merges. */
  readonly network: Network;
  /** By name; those that were not merged are the given tensors themselves. */
  readonly weights: Map<string, Tensor>;
}

/**
 * Structural re-parameterisation (Ding et al. 2021): merges every sum whose inputs are branches of one value:
 * convolutions (equal stride and groups, no dilation) and the identity, each with or without batch norm, whose
 * results nothing else reads. For inference: batch norms are taken with their running statistics. The rest of the
 * network, and weights it still needs, are returned as they are.
 * @throws SHAPE when the network is not well formed, or a weight is missing or of another shape
 */
export function reparameterise(network: Network, weights: Weights): Reparameterised {
  const shapes = networkShapes(network);
  checkWeights(network, weights);
  const { merges, removed } = findMerges(network);
  // The same network, whose shapes are known.
  if (merges.length === 0) return { network, weights: new Map(weights) };
  const newWeights = merges.flatMap(({ id, target, branches }) =>
    mergeBranches(target, branches, shapes, weights).map(
      ([suffix, tensor]) => [`${id}.${suffix}`, tensor] as const,
    ),
  );
  // Named `<node id>.<suffix>`.
  const kept = [...weights].filter(([name]) => !removed.has(name.slice(0, name.lastIndexOf('.'))));
  return { network: merged(network, merges, removed), weights: new Map([...kept, ...newWeights]) };
}

/** The network of {@link reparameterise}, for which no weights are needed; the same object where nothing merges. */
export function reparameterisedNetwork(network: Network): Network {
  const { merges, removed } = findMerges(network);
  if (merges.length === 0) return network;
  const shapes = networkShapes(network);
  const result = merged(network, merges, removed);
  const shapeOf = new Map(merges.map(({ id, sum }) => [id, shapes.get(sum)!]));
  const ids = [...result.inputs, ...result.nodes].map(({ id }) => id);
  rememberShapes(result, new Map(ids.map((id) => [id, shapeOf.get(id) ?? shapes.get(id)!])));
  return result;
}

/** What can be merged, and the nodes that are no longer needed then. */
function findMerges(network: Network): {
  readonly merges: readonly Merge[];
  readonly removed: ReadonlySet<string>;
} {
  const merges: Merge[] = [];
  const removed = new Set<string>();
  // Most candidates have no sums, and this runs for every candidate that is proposed.
  if (!network.nodes.some((n) => n.operator.kind === 'add')) return { merges, removed };
  const shapes = networkShapes(network);
  const { places, counts: readers } = readersOf(network);

  const owned = (value: string, kind: Operator['kind']): NetworkNode | null => {
    const place = places.get(value);
    if (place === undefined || readers[place] !== 1) return null;
    const node = network.nodes[place]!;
    return node.operator.kind === kind ? node : null;
  };
  const branchOf = (id: string): Branch => {
    const norm = owned(id, 'batchNorm');
    const before = norm?.inputs[0] ?? id;
    const conv = owned(before, 'conv');
    return { conv, norm, source: conv?.inputs[0] ?? before };
  };

  const taken = new Set<string>();
  for (const sum of network.nodes) {
    if (sum.operator.kind !== 'add') continue;
    const branches = sum.inputs.map(branchOf);
    const target = targetConv(branches, shapes, shapes.get(sum.id)!);
    if (target === null) continue;
    const id = freeId(sum.id, (wanted) => shapes.has(wanted) || taken.has(wanted));
    taken.add(id);
    merges.push({ sum: sum.id, id, target, branches });
    for (const branch of branches)
      for (const node of [branch.conv, branch.norm]) if (node) removed.add(node.id);
  }
  return { merges, removed };
}

function merged(network: Network, merges: readonly Merge[], removed: ReadonlySet<string>): Network {
  const bySum = new Map(merges.map((merge) => [merge.sum, merge]));
  const rename = (id: string): string => bySum.get(id)?.id ?? id;
  const nodes = network.nodes
    .filter(({ id }) => !removed.has(id))
    .map((node) => {
      const merge = bySum.get(node.id);
      if (merge === undefined) return { ...node, inputs: node.inputs.map(rename) };
      return { id: merge.id, operator: merge.target, inputs: [rename(merge.branches[0]!.source)] };
    });
  return { ...network, nodes, outputs: network.outputs.map(rename) };
}

/** `stage1.block0.add` becomes `stage1.block0.conv`, or `conv2`, … when that is taken. */
function freeId(sum: string, taken: (id: string) => boolean): string {
  const base = [...sum.split('.').slice(0, -1), 'conv'].join('.');
  let id = base;
  for (let i = 2; taken(id); i++) id = `${base}${i}`;
  return id;
}

/** The convolution into whose kernel all branches fit, or null when there is none. */
function targetConv(
  branches: readonly Branch[],
  shapes: ReadonlyMap<string, readonly number[]>,
  output: readonly number[],
): Conv | null {
  const source = branches[0]!.source;
  if (branches.some((b) => b.source !== source)) return null;
  const convs = branches.flatMap((b) => (b.conv ? [b.conv.operator as Conv] : []));
  const [first] = convs;
  if (first === undefined) return null;
  const largest = (pick: (conv: Conv) => number): number => Math.max(...convs.map(pick));
  const kernel: Pair = [largest((c) => c.kernel[0]), largest((c) => c.kernel[1])];
  const padding = [0, 1, 2, 3].map((side) => largest((c) => c.padding[side]!)) as unknown as Padding;
  const target = sharedOperator<Conv>({ ...first, kernel, padding, bias: true });
  const alike = convs.every(
    (c) =>
      c.dilation.every((d) => d === 1) &&
      c.groups === first.groups &&
      c.stride.join() === first.stride.join(),
  );
  const identity = branches.some((b) => b.conv === null);
  if (!alike || (identity && first.stride.some((s) => s !== 1))) return null;
  const fits = branches.every((b) => {
    const [height, width] = kernelOf(b);
    const [top, left] = placeIn(target, b);
    return top + height <= kernel[0] && left + width <= kernel[1];
  });
  const input = shapes.get(source)!;
  return fits && outputShape(target, [input], 'the merged layer').join() === output.join() ? target : null;
}

const kernelOf = (branch: Branch): Pair => (branch.conv ? (branch.conv.operator as Conv).kernel : [1, 1]);

/** Where the branch's kernel lies in the target's: both then start at the same pixel. */
function placeIn(target: Conv, branch: Branch): Pair {
  const padding = branch.conv ? (branch.conv.operator as Conv).padding : [0, 0, 0, 0];
  return [target.padding[0] - padding[0]!, target.padding[1] - padding[1]!];
}

function mergeBranches(
  target: Conv,
  branches: readonly Branch[],
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: Weights,
): readonly (readonly [suffix: string, Tensor])[] {
  const outputs = target.outChannels;
  const perGroup = shapes.get(branches[0]!.source)![0]! / target.groups;
  const [height, width] = target.kernel;
  const shape = [outputs, perGroup, height, width];
  // What has no values has none merged either: only shapes are asked for.
  if (branches.some((b) => b.conv && isBlank(weights.get(`${b.conv.id}.weight`)!)))
    return [
      ['weight', { dtype: 'float32', shape, data: new Float32Array(0) }],
      ['bias', { dtype: 'float32', shape: [outputs], data: new Float32Array(0) }],
    ];
  // Sums in double precision, rounded once.
  const kernel = new Float64Array(outputs * perGroup * height * width);
  const bias = new Float64Array(outputs);
  for (const branch of branches) {
    const [top, left] = placeIn(target, branch);
    const [rows, columns] = kernelOf(branch);
    const own = branch.conv ? weights.get(`${branch.conv.id}.weight`)!.data : null;
    const ownBias = branch.conv ? weights.get(`${branch.conv.id}.bias`)?.data : undefined;
    for (let o = 0; o < outputs; o++) {
      const { factor, shift } = scaleAndShift(branch.norm, weights, o);
      bias[o]! += Number(ownBias?.[o] ?? 0) * factor + shift;
      for (let c = 0; c < perGroup; c++)
        for (let y = 0; y < rows; y++)
          for (let x = 0; x < columns; x++) {
            const value = own
              ? Number(own[((o * perGroup + c) * rows + y) * columns + x])
              : Number(c === o % perGroup);
            kernel[((o * perGroup + c) * height + top + y) * width + left + x]! += value * factor;
          }
    }
  }
  const tensor = (data: Float64Array, shape: readonly number[]): Tensor => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from(data),
  });
  return [
    ['weight', tensor(kernel, shape)],
    ['bias', tensor(bias, [outputs])],
  ];
}

/** A batch norm with running statistics is y = factor·x + shift in each channel. */
function scaleAndShift(
  norm: NetworkNode | null,
  weights: Weights,
  channel: number,
): { readonly factor: number; readonly shift: number } {
  if (norm === null) return { factor: 1, shift: 0 };
  const { epsilon } = norm.operator as Extract<Operator, { kind: 'batchNorm' }>;
  const value = (suffix: string): number => Number(weights.get(`${norm.id}.${suffix}`)!.data[channel]);
  const factor = value('weight') / Math.sqrt(value('variance') + epsilon);
  return { factor, shift: value('bias') - value('mean') * factor };
}
