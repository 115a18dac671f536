/**
 * Decides which operators run in integers, and which values are therefore kept in integers between them.
 *
 * Products with constant weights always do, unless they are to stay float; everything between them does when all that
 * it reads is in integers already, so that the chain is not broken by conversions.
 */
import type { OnnxGraph, OnnxNode } from '../onnx/model.ts';
import { inScope } from '../onnx/scope.ts';
import { type GraphIndex, indexGraph } from './graph.ts';
import { activationInputs, type Role, roleOf } from './roles.ts';

/** One integer kernel: an operator, with the ReLU or Clip that its output's range takes over. */
export interface IntegerUnit {
  readonly node: OnnxNode;
  readonly role: Role;
  readonly rectifier: OnnxNode | null;
  /** The values it reads in integers; constants of pointwise operators among them. */
  readonly inputs: readonly string[];
  readonly output: string;
}

export interface FloatLayer {
  readonly name: string;
  readonly op: string;
  readonly reason: string;
}

export interface QuantisationPlan {
  /** In topological order. */
  readonly units: readonly IntegerUnit[];
  /** Values that have a scale: read or written in integers. */
  readonly values: ReadonlySet<string>;
  /** Operators that stay in float and why, in topological order. */
  readonly float: readonly FloatLayer[];
}

/** What may take a rectifier into its output's range. */
const ABSORBS: ReadonlySet<Role> = new Set(['layer', 'pointwise', 'pool', 'concat']);
/** Cheap: not worth integers for themselves when nothing behind them is in integers. */
const NEEDS_READER: ReadonlySet<Role> = new Set([
  'pointwise',
  'pass',
  'concat',
  'rectifier',
  'sigmoid',
  'hardSigmoid',
]);

/** Nodes by their place in the graph: every candidate of a search is planned. */
interface Wiring {
  readonly nodes: readonly OnnxNode[];
  /** The node that a value comes from; undefined for inputs and constants. */
  readonly producers: ReadonlyMap<string, number>;
  /** By node: the nodes that read its first output, once for each input that does. */
  readonly readers: readonly (readonly number[])[];
  readonly outputs: ReadonlySet<string>;
}

function wiringOf({ nodes, outputs }: OnnxGraph): Wiring {
  const producers = new Map<string, number>();
  for (let i = 0; i < nodes.length; i++) for (const output of nodes[i]!.outputs) producers.set(output, i);
  const readers = nodes.map((): number[] => []);
  for (let i = 0; i < nodes.length; i++)
    for (const input of nodes[i]!.inputs) {
      const producer = producers.get(input);
      if (producer !== undefined && nodes[producer]!.outputs[0] === input) readers[producer]!.push(i);
    }
  return { nodes, producers, readers, outputs: new Set(outputs.map(({ name }) => name)) };
}

/** The only node that reads a node's first output, where that is no output of the graph. */
function onlyReader({ nodes, readers, outputs }: Wiring, node: number): number | null {
  const found = readers[node]!;
  return found.length === 1 && !outputs.has(nodes[node]!.outputs[0]!) ? found[0]! : null;
}

/** By node; null for those in float. */
type Roles = (Role | null)[];

/**
 * @param graph of a prepared model
 * @param keepFloat names of nodes, or of scopes of nodes, that stay in float
 */
export function planQuantisation(graph: OnnxGraph, keepFloat: ReadonlySet<string>): QuantisationPlan {
  const { nodes } = graph;
  const index = indexGraph(graph);
  const wiring = wiringOf(graph);
  const reasons = new Map<OnnxNode, string>();
  const roles: Roles = nodes.map((node) => {
    const found = roleOf(node, index);
    if ('role' in found && !inScope(node.name, keepFloat)) return found.role;
    reasons.set(node, 'reason' in found ? found.reason : 'it was chosen to stay in float');
    return null;
  });
  // In this order once is enough: what is dropped backward is read by nothing in integers, so that nobody is stranded by it.
  dropForward(wiring, index, roles, reasons);
  dropBackward(wiring, roles, reasons);

  const rectifiers = nodes.map((_, i) => {
    const role = roles[i]!;
    const reader = role !== null && ABSORBS.has(role) ? onlyReader(wiring, i) : null;
    return reader !== null && roles[reader] === 'rectifier' ? reader : null;
  });
  const gone = new Set(rectifiers);
  const units: IntegerUnit[] = [];
  const values = new Set<string>();
  for (const [i, node] of nodes.entries()) {
    const role = roles[i]!;
    if (role === null || gone.has(i)) continue;
    const last = rectifiers[i] ?? i;
    const inputs = activationInputs(node, role);
    const output = nodes[last]!.outputs[0]!;
    units.push({ node, role, rectifier: last === i ? null : nodes[last]!, inputs, output });
    for (const input of inputs) values.add(input);
    // Matrix products can give float results: theirs need a scale only for a reader in integers.
    const product = role === 'layer' && node.op !== 'Conv';
    if (!product || wiring.readers[last]!.some((reader) => roles[reader] !== null)) values.add(output);
  }
  return { units, values, float: floatLayers(graph, reasons) };
}

/** Drops operators without weights that read something in float. */
function dropForward(
  { nodes, producers }: Wiring,
  index: GraphIndex,
  roles: Roles,
  reasons: Map<OnnxNode, string>,
): void {
  for (const [i, node] of nodes.entries()) {
    const role = roles[i]!;
    if (role === null || role === 'layer') continue;
    let [read, inFloat] = [0, false];
    for (const input of activationInputs(node, role)) {
      if (index.constant(input) !== null) continue;
      read++;
      const producer = producers.get(input);
      inFloat ||= producer === undefined || producer >= i || roles[producer] === null;
    }
    if (read > 0 && !inFloat) continue;
    roles[i] = null;
    reasons.set(node, 'what it reads is in float');
  }
}

/** Drops cheap operators all of whose readers are in float. */
function dropBackward(wiring: Wiring, roles: Roles, reasons: Map<OnnxNode, string>): void {
  const { nodes, producers, readers } = wiring;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const role = roles[i]!;
    if (role === null || !NEEDS_READER.has(role)) continue;
    if (readers[i]!.some((reader) => roles[reader] !== null)) continue;
    // A rectifier that the layer before it takes over costs nothing.
    const producer = role === 'rectifier' ? producers.get(nodes[i]!.inputs[0]!) : undefined;
    const free =
      producer !== undefined &&
      nodes[producer]!.op === 'Conv' &&
      roles[producer] === 'layer' &&
      onlyReader(wiring, producer) === i;
    if (free) continue;
    roles[i] = null;
    reasons.set(nodes[i]!, 'what reads it is in float');
  }
}

/** Only what computes something is worth telling. */
const SILENT: ReadonlySet<string> = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Shape',
  'Gather',
  'Constant',
  'Cast',
  'Slice',
]);

const floatLayers = (graph: OnnxGraph, reasons: ReadonlyMap<OnnxNode, string>): FloatLayer[] =>
  graph.nodes.flatMap((node) => {
    const reason = reasons.get(node);
    return reason === undefined || SILENT.has(node.op) ? [] : [{ name: node.name, op: node.op, reason }];
  });
