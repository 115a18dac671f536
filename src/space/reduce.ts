/**
 * Reduces a network to a graph that learns the same functions: what canonical.ts hashes.
 *
 * - Constant zeros vanish from sums and spread through operators that map zero to zero.
 * - Operators that change nothing are bypassed: sums and concatenations of one input, pooling of single pixels, resizing
 *   to the same size, dropout of rate 0.
 * - Nested sums are one sum, nested concatenations one concatenation.
 * - A pure operator (no weights, no randomness of its own) applied twice to the same value is one node.
 * - What reaches no output is dropped.
 *
 * Layers that stay in float in 8-bit models are other layers than those that do not.
 *
 * Rules are exact: batch normalisation of a zero is its learnt shift and therefore stays.
 */
import type { Network, Operator, OperatorKind } from '../network/network.ts';
import { perNetwork } from '../network/per-network.ts';
import { networkShapes } from '../network/rules/shape.ts';
import { inScope } from '../onnx/scope.ts';

interface ReducedNode {
  /** Operator and its attributes, or the place and shape of a network input. */
  readonly label: string;
  /** Indices of earlier nodes. */
  readonly inputs: readonly number[];
  /** The order of inputs does not matter. */
  readonly commutative: boolean;
}

export interface ReducedGraph {
  /** In topological order. */
  readonly nodes: readonly ReducedNode[];
  readonly outputs: readonly number[];
}

type Shape = readonly number[];
interface Rule<K extends OperatorKind> {
  /** Whether an all-zero input gives zero whatever the weights. Sums and concatenations: when all inputs are zero. */
  readonly keepsZero: (operator: Operator & { readonly kind: K }) => boolean;
  /** Whether the output is the (first) input. */
  readonly isIdentity: (operator: Operator & { readonly kind: K }, input: Shape, output: Shape) => boolean;
  /** Without weights and randomness of its own: the same inputs always give the same output. */
  readonly pure: boolean;
}

const always = (): boolean => true;
const never = (): boolean => false;
const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);
const NOT_ZERO_AT_ZERO = ['sigmoid', 'hardSigmoid'];

const pool = {
  keepsZero: always,
  isIdentity: ({ kernel, padding }: { kernel: Shape; padding: Shape }, input: Shape, output: Shape) =>
    kernel.every((size) => size === 1) && padding.every((size) => size === 0) && sameShape(input, output),
  pure: true,
};
const onlyShapes = {
  keepsZero: always,
  isIdentity: (_operator: Operator, input: Shape, output: Shape) => sameShape(input, output),
  pure: true,
};
const noise = {
  keepsZero: always,
  isIdentity: ({ rate }: { rate: number }) => rate === 0,
  pure: false,
};
const merging = { keepsZero: always, isIdentity: never, pure: true };

/** Total: a new operator does not compile until it says what it keeps. */
const RULES: { readonly [K in OperatorKind]: Rule<K> } = {
  conv: { keepsZero: (operator) => !operator.bias, isIdentity: never, pure: false },
  linear: { keepsZero: (operator) => !operator.bias, isIdentity: never, pure: false },
  batchNorm: { keepsZero: never, isIdentity: never, pure: false },
  activation: { keepsZero: ({ name }) => !NOT_ZERO_AT_ZERO.includes(name), isIdentity: never, pure: true },
  maxPool: pool,
  averagePool: pool,
  globalAveragePool: onlyShapes,
  flatten: onlyShapes,
  resize: onlyShapes,
  add: merging,
  multiply: merging,
  concat: merging,
  slice: onlyShapes,
  zero: { keepsZero: always, isIdentity: never, pure: true },
  dropout: noise,
  stochasticDepth: noise,
};

/** Networks are immutable; hashes, features and paths are all made of the same reduced graph. */
const reducedGraphs = perNetwork<ReducedGraph>('reduced');

/** The reduced network (see the head of this file), worked out once. */
export function reducedGraph(network: Network): ReducedGraph {
  let found = reducedGraphs.get(network);
  if (found === undefined) {
    found = reduceNetwork(network);
    reducedGraphs.set(network, found);
  }
  return found;
}

/** Whether an output depends on an input: where dead branches and zeros leave none, a network gives the same for everything. */
export const readsInput = ({ nodes }: ReducedGraph): boolean =>
  nodes.some(({ label }) => label.startsWith(INPUT));

const INPUT = 'input ';

function reduceNetwork(network: Network): ReducedGraph {
  const shapes = networkShapes(network);
  const float = new Set(network.float);
  const nodes: ReducedNode[] = [];
  const known = new Map<string, number>();
  const labelNumbers = new Map<string, number>();
  const zeros = new Set<number>();
  const isZero = (input: number): boolean => zeros.has(input);
  const reduced = new Map<string, number>();

  const append = (label: string, inputs: readonly number[], commutative = false): number =>
    nodes.push({ label, inputs, commutative }) - 1;
  /** A pure node is made once for the same inputs. */
  const appendOnce = (label: string, inputs: readonly number[], commutative = false): number => {
    // Labels are long, and keys are made for every node of every candidate.
    let number = labelNumbers.get(label);
    if (number === undefined) {
      number = labelNumbers.size;
      labelNumbers.set(label, number);
    }
    const key = `${number} ${(commutative && inputs.length > 1 ? [...inputs].sort((a, b) => a - b) : inputs).join()}`;
    const index = known.get(key) ?? append(label, inputs, commutative);
    known.set(key, index);
    return index;
  };
  const zeroOf = (shape: Shape): number => {
    const index = appendOnce(`zero ${shape.join('x')}`, []);
    zeros.add(index);
    return index;
  };
  /** The inputs with those that are themselves a `label` replaced by its inputs. */
  const spliced = (label: string, inputs: readonly number[]): number[] =>
    inputs.flatMap((input) => (nodes[input]!.label === label ? nodes[input]!.inputs : [input]));

  function reduce(
    operator: Operator,
    inputs: readonly number[],
    shape: Shape,
    inputShape: Shape,
    precision: string,
  ): number {
    const rule = RULES[operator.kind] as Rule<OperatorKind>;
    if (operator.kind === 'zero' || (operator.kind === 'multiply' && inputs.some(isZero)))
      return zeroOf(shape);
    if (rule.keepsZero(operator) && inputs.every(isZero)) return zeroOf(shape);
    if (rule.isIdentity(operator, inputShape, shape)) return inputs[0]!;
    const label = labelOf(operator) + precision;
    if (operator.kind === 'add' || operator.kind === 'concat') {
      const isSum = operator.kind === 'add';
      const terms = spliced(label, isSum ? inputs.filter((input) => !isZero(input)) : inputs);
      return terms.length === 1 ? terms[0]! : appendOnce(label, terms, isSum);
    }
    return (rule.pure ? appendOnce : append)(label, inputs, operator.kind === 'multiply');
  }

  for (const [place, input] of network.inputs.entries())
    reduced.set(input.id, append(`${INPUT}${place} ${input.shape.join('x')}`, []));
  for (const { id, operator, inputs } of network.nodes) {
    const from = inputs.map((input) => reduced.get(input)!);
    const precision = inScope(id, float) ? ' float' : '';
    reduced.set(id, reduce(operator, from, shapes.get(id)!, shapes.get(inputs[0]!)!, precision));
  }
  return onlyLive({ nodes, outputs: network.outputs.map((id) => reduced.get(id)!) });
}

/** Builders share the operators of equal layers. */
const labels = new WeakMap<Operator, string>();

/** An operator as text, whatever the order of its attributes. */
function labelOf(operator: Operator): string {
  let label = labels.get(operator);
  if (label === undefined) {
    label = JSON.stringify(Object.entries(operator).sort(([a], [b]) => (a < b ? -1 : 1)));
    labels.set(operator, label);
  }
  return label;
}

/** Drops the nodes that reach no output. */
function onlyLive(graph: ReducedGraph): ReducedGraph {
  const live = new Set(graph.outputs);
  for (let i = graph.nodes.length - 1; i >= 0; i--)
    if (live.has(i)) for (const input of graph.nodes[i]!.inputs) live.add(input);
  if (live.size === graph.nodes.length) return graph;
  const renumbered = new Map([...live].sort((a, b) => a - b).map((index, i) => [index, i]));
  return {
    nodes: graph.nodes
      .filter((_, i) => live.has(i))
      .map((node) => ({ ...node, inputs: node.inputs.map((input) => renumbered.get(input)!) })),
    outputs: graph.outputs.map((output) => renumbered.get(output)!),
  };
}
