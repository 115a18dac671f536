/**
 * What a network costs where it is deployed: dead branches left out, parallel ones merged, batch norms folded, nothing that
 * only trains.
 * Measures, bounds and reports mean this cost, which is that of the ONNX file (network/deploy.ts); the cost of the network
 * as it trains tells how long its training takes.
 */
import { type NetworkCost, networkCost } from './cost.ts';
import { liveNetwork } from './live-network.ts';
import type { Network, NetworkNode, Operator } from './network.ts';
import { perNetwork } from './per-network.ts';
import { readersOf } from './readers.ts';
import { reparameterisedNetwork } from './reparameterise.ts';
import { networkShapes, rememberShapes } from './rules/shape.ts';
import { sharedOperator } from './shared-operator.ts';

/** Networks are immutable; study, trial and report ask for the form of the same one. */
const known = perNetwork<Network>('deployed');

/**
 * The form in which a network is deployed, without weights: dead branches left out, parallel ones merged, batch norms
 * folded, nothing that only trains. The same object each time it is asked of one network.
 * @throws SHAPE when the network is not well formed
 */
export function deployedNetwork(network: Network): Network {
  let form = known.get(network);
  if (form === undefined) {
    const shapes = networkShapes(network);
    const live = liveNetwork(network);
    if (live !== network) rememberShapes(live, shapes);
    form = withoutTraining(reparameterisedNetwork(live));
    known.set(network, form);
  }
  return form;
}

/**
 * Params, MACs and memory of a network as it is deployed: those of its ONNX file. Measures, bounds and reports mean
 * this cost.
 * @throws SHAPE when the network is not well formed
 */
export const deployedCost = (network: Network): NetworkCost => networkCost(deployedNetwork(network));

const ONLY_TRAINS: ReadonlySet<Operator['kind']> = new Set(['dropout', 'stochasticDepth']);
/** Of one input they are that input: a cell's sum of a single edge. */
const MERGES: ReadonlySet<Operator['kind']> = new Set(['add', 'concat']);

/**
 * Batch norms disappear into the convolution or product before them where nothing else reads its result, as
 * onnx/fold-batch-norm.ts has it; what only trains disappears, and sums of one input.
 */
function withoutTraining(network: Network): Network {
  const shapes = networkShapes(network);
  const { places, counts: readers } = readersOf(network);

  /** What stands for a value whose node is gone. */
  const instead = new Map<string, string>();
  const folded = new Set<NetworkNode>();
  /** Whether nothing reads the node, or what it is made of without another layer, beside one reader. */
  const readOnce = (place: number): boolean => {
    if (readers[place] !== 1) return false;
    const { id, inputs } = network.nodes[place]!;
    return !instead.has(id) || readOnce(places.get(inputs[0]!)!);
  };
  for (const { id, operator, inputs } of network.nodes) {
    const [input] = inputs;
    let gone = ONLY_TRAINS.has(operator.kind) || (MERGES.has(operator.kind) && inputs.length === 1);
    if (operator.kind === 'batchNorm') {
      // Behind another batch norm, or what disappears, stands the layer before that.
      const before = places.get(instead.get(input!) ?? input!);
      const layer = before === undefined ? null : network.nodes[before]!;
      const { kind } = layer?.operator ?? operator;
      if ((kind === 'conv' || kind === 'linear') && readOnce(places.get(input!)!)) {
        folded.add(layer!);
        gone = true;
      }
    }
    if (gone) instead.set(id, instead.get(input!) ?? input!);
  }
  if (instead.size === 0) return network;

  const rename = (id: string): string => instead.get(id) ?? id;
  const nodes: NetworkNode[] = [];
  for (const node of network.nodes) {
    const { id, operator, inputs } = node;
    if (instead.has(id)) continue;
    const renamed = inputs.some((input) => instead.has(input)) ? inputs.map(rename) : inputs;
    if (folded.has(node)) nodes.push({ id, operator: withBias(operator), inputs: renamed });
    else nodes.push(renamed === inputs ? node : { id, operator, inputs: renamed });
  }
  const form: Network = { ...network, nodes, outputs: network.outputs.map(rename) };
  rememberShapes(form, shapes);
  return form;
}

/** By layer, which equal ones share. */
const withBiases = new WeakMap<Operator, Operator>();

function withBias(layer: Operator): Operator {
  let biased = withBiases.get(layer);
  if (biased === undefined) {
    biased = sharedOperator({ ...layer, bias: true } as Operator);
    withBiases.set(layer, biased);
  }
  return biased;
}
