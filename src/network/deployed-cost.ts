/**
 * What a network costs where it is deployed: dead branches left out, parallel ones merged, batch norms folded, nothing that
 * only trains.
 * Measures, bounds and reports mean this cost, which is that of the ONNX file (network/deploy.ts); the cost of the network
 * as it trains tells how long its training takes.
 */
import { type NetworkCost, networkCost } from './cost.ts';
import { liveNetwork } from './live-network.ts';
import type { Network, NetworkNode, Operator } from './network.ts';
import { reparameterisedNetwork } from './reparameterise.ts';
import { networkShapes, rememberShapes } from './rules/shape.ts';

/** Networks are immutable; study, trial and report ask for the form of the same one. */
const known = new WeakMap<Network, Network>();

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

/** Whether the layer before a batch norm is seen behind another one, and behind a sum of one input. */
interface Sees {
  readonly rows: boolean;
  readonly sums: boolean;
}

/** As versions before have counted, the latest first: of files that they made. @throws SHAPE */
export const earlierDeployedCosts = (network: Network): NetworkCost[] =>
  [true, false].map((rows) =>
    networkCost(withoutTraining(reparameterisedNetwork(liveNetwork(network)), { rows, sums: false })),
  );

const ONLY_TRAINS: ReadonlySet<Operator['kind']> = new Set(['dropout', 'stochasticDepth']);
/** Of one input they are that input: a cell's sum of a single edge. */
const MERGES: ReadonlySet<Operator['kind']> = new Set(['add', 'concat']);

/**
 * Batch norms disappear into the convolution or product before them where nothing else reads its result, as
 * onnx/fold-batch-norm.ts has it; what only trains disappears, and sums of one input.
 * @param sees what a batch norm is folded behind
 */
function withoutTraining(network: Network, sees: Sees = { rows: true, sums: true }): Network {
  const shapes = networkShapes(network);
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  const readers = new Map<string, number>();
  const read = (value: string): void => void readers.set(value, (readers.get(value) ?? 0) + 1);
  for (const { inputs } of network.nodes) inputs.forEach(read);
  network.outputs.forEach(read);

  /** What stands for a value whose node is gone. */
  const instead = new Map<string, string>();
  const folded = new Set<string>();
  /** Whether nothing reads the value, or what it is made of without another layer, beside one reader. */
  const readOnce = (value: string): boolean =>
    readers.get(value) === 1 && (!instead.has(value) || readOnce(byId.get(value)!.inputs[0]!));
  for (const { id, operator, inputs } of network.nodes) {
    const [input] = inputs;
    // Behind another batch norm, or what disappears, stands the layer before that.
    const before = byId.get((sees.rows ? instead.get(input!) : undefined) ?? input!);
    const layer = before?.operator.kind === 'conv' || before?.operator.kind === 'linear' ? before : null;
    const folds = operator.kind === 'batchNorm' && layer !== null && readOnce(input!);
    if (folds) folded.add(layer.id);
    const ofOne = sees.sums && MERGES.has(operator.kind) && inputs.length === 1;
    if (folds || ofOne || ONLY_TRAINS.has(operator.kind)) instead.set(id, instead.get(input!) ?? input!);
  }
  if (instead.size === 0) return network;

  const rename = (id: string): string => instead.get(id) ?? id;
  const nodes: NetworkNode[] = network.nodes
    .filter(({ id }) => !instead.has(id))
    .map((node) => {
      const inputs = node.inputs.some((id) => instead.has(id)) ? node.inputs.map(rename) : node.inputs;
      if (folded.has(node.id))
        return { ...node, operator: { ...node.operator, bias: true } as Operator, inputs };
      return inputs === node.inputs ? node : { ...node, inputs };
    });
  const form: Network = { ...network, nodes, outputs: network.outputs.map(rename) };
  rememberShapes(form, shapes);
  return form;
}
