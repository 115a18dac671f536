/** What a network costs, known before any training. */
import type { Network } from './network.ts';
import { macs } from './rules/macs.ts';
import { networkShapes } from './rules/shape.ts';
import { weightSpecs } from './rules/weights.ts';

/** What a network costs, known before training. */
export interface NetworkCost {
  /** Weights that train; running averages are none. */
  readonly params: number;
  /** Multiply-accumulate operations for one image: those of convolutions and linear layers, by convention. */
  readonly macs: number;
  /**
   * Peak memory of activations in bytes: float32, one image, nodes run in their order, a value freed after its last
   * reader; weights and scratch memory not counted.
   */
  readonly memoryBytes: number;
}

/** Size and work of one layer, for one image. */
export interface LayerCost {
  /** Of the node. */
  readonly id: string;
  /** Of its operator. */
  readonly kind: string;
  /** Of its output, without the batch. */
  readonly shape: readonly number[];
  /** Weights that train. */
  readonly params: number;
  /** Multiply-accumulates; 0 but for convolutions and linear layers. */
  readonly macs: number;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The cost of each node, in order, as the network stands: dead branches and batch norms are counted.
 * @throws SHAPE when the network is not well formed
 */
export function layerCosts(network: Network): LayerCost[] {
  const shapes = networkShapes(network);
  return network.nodes.map(({ id, operator, inputs }) => {
    const input = shapes.get(inputs[0]!)!;
    const shape = shapes.get(id)!;
    const params = weightSpecs(operator, input).reduce(
      (sum, w) => sum + (w.trainable ? product(w.shape) : 0),
      0,
    );
    return { id, kind: operator.kind, shape, params, macs: macs(operator, input, shape) };
  });
}

/**
 * Params, MACs and memory of a network as it stands, as it trains; {@link deployedCost} is that of its ONNX file.
 * @throws SHAPE when the network is not well formed
 */
export function networkCost(network: Network): NetworkCost {
  const layers = layerCosts(network);
  return {
    params: layers.reduce((sum, l) => sum + l.params, 0),
    macs: layers.reduce((sum, l) => sum + l.macs, 0),
    memoryBytes: peakActivations(network),
  };
}

/** Multiply-accumulates alone, for what asks of very many networks. @throws SHAPE */
export function networkMacs(network: Network): number {
  const shapes = networkShapes(network);
  return network.nodes.reduce(
    (sum, { id, operator, inputs }) => sum + macs(operator, shapes.get(inputs[0]!)!, shapes.get(id)!),
    0,
  );
}

/**
 * The largest sum of live activations when nodes run one after another in their order: a node's inputs and output are
 * alive while it runs, and a value is freed after its last reader. No operator works in place, none has scratch memory.
 */
function peakActivations(network: Network): number {
  const shapes = networkShapes(network);
  const bytes = (id: string): number => 4 * product(shapes.get(id)!);
  const lastUse = new Map<string, number>();
  for (const [i, node] of network.nodes.entries()) for (const input of node.inputs) lastUse.set(input, i);
  for (const output of network.outputs) lastUse.set(output, network.nodes.length);
  let live = network.inputs.reduce((sum, i) => sum + bytes(i.id), 0);
  let peak = live;
  for (const [i, node] of network.nodes.entries()) {
    live += bytes(node.id);
    peak = Math.max(peak, live);
    if (!lastUse.has(node.id)) live -= bytes(node.id);
    // A value that a node reads twice is freed once.
    for (const input of node.inputs)
      if (lastUse.get(input) === i) {
        live -= bytes(input);
        lastUse.delete(input);
      }
  }
  return peak;
}
