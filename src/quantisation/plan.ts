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

/**
 * @param graph of a prepared model
 * @param keepFloat names of nodes, or of scopes of nodes, that stay in float
 */
export function planQuantisation(graph: OnnxGraph, keepFloat: ReadonlySet<string>): QuantisationPlan {
  const index = indexGraph(graph);
  const reasons = new Map<OnnxNode, string>();
  let roles = new Map<OnnxNode, Role>();
  for (const node of graph.nodes) {
    const found = roleOf(node, index);
    if ('reason' in found) reasons.set(node, found.reason);
    else if (inScope(node.name, keepFloat)) reasons.set(node, 'it was chosen to stay in float');
    else roles.set(node, found.role);
  }
  // Until nothing changes: losing one operator may strand its neighbours.
  for (let before = -1; before !== roles.size; ) {
    before = roles.size;
    roles = keptForward(graph, index, roles, reasons);
    roles = keptBackward(graph, index, roles, reasons);
  }

  const absorbed = new Map<OnnxNode, OnnxNode>();
  for (const [node, role] of roles) {
    const reader = ABSORBS.has(role) ? onlyReader(index, node.outputs[0]!) : null;
    if (reader !== null && roles.get(reader) === 'rectifier') absorbed.set(node, reader);
  }
  const gone = new Set(absorbed.values());
  const units: IntegerUnit[] = [];
  for (const [node, role] of roles) {
    if (gone.has(node)) continue;
    const rectifier = absorbed.get(node) ?? null;
    const output = (rectifier ?? node).outputs[0]!;
    units.push({ node, role, rectifier, inputs: activationInputs(node, role), output });
  }
  return { units, values: quantisedValues(units, index, roles), float: floatLayers(graph, reasons) };
}

function onlyReader(index: GraphIndex, value: string): OnnxNode | null {
  const readers = index.readers(value);
  return readers.length === 1 && !index.isOutput(value) ? readers[0]! : null;
}

/** Drops operators without weights that read something in float. */
function keptForward(
  graph: OnnxGraph,
  index: GraphIndex,
  roles: ReadonlyMap<OnnxNode, Role>,
  reasons: Map<OnnxNode, string>,
): Map<OnnxNode, Role> {
  const kept = new Map<OnnxNode, Role>();
  const inIntegers = (value: string): boolean => {
    const producer = index.producers.get(value);
    return producer !== undefined && kept.has(producer);
  };
  for (const node of graph.nodes) {
    const role = roles.get(node);
    if (role === undefined) continue;
    const inputs = activationInputs(node, role).filter((i) => index.constant(i) === null);
    if (role === 'layer' || (inputs.length > 0 && inputs.every(inIntegers))) kept.set(node, role);
    else reasons.set(node, 'what it reads is in float');
  }
  return kept;
}

/** Drops cheap operators all of whose readers are in float. */
function keptBackward(
  graph: OnnxGraph,
  index: GraphIndex,
  roles: ReadonlyMap<OnnxNode, Role>,
  reasons: Map<OnnxNode, string>,
): Map<OnnxNode, Role> {
  const kept = new Set(roles.keys());
  for (const node of [...graph.nodes].reverse()) {
    const role = roles.get(node);
    if (role === undefined || !NEEDS_READER.has(role)) continue;
    const value = node.outputs[0]!;
    // A rectifier that the layer before it takes over costs nothing.
    const producer = index.producers.get(node.inputs[0]!);
    const free =
      role === 'rectifier' &&
      producer !== undefined &&
      ABSORBS.has(roles.get(producer) ?? role) &&
      producer.op === 'Conv' &&
      onlyReader(index, node.inputs[0]!) === node;
    if (free || index.readers(value).some((reader) => kept.has(reader))) continue;
    kept.delete(node);
    reasons.set(node, 'what reads it is in float');
  }
  return new Map([...roles].filter(([node]) => kept.has(node)));
}

/** Matrix products can give float results: theirs need a scale only for a reader in integers. */
function quantisedValues(
  units: readonly IntegerUnit[],
  index: GraphIndex,
  roles: ReadonlyMap<OnnxNode, Role>,
): ReadonlySet<string> {
  const values = new Set<string>();
  for (const unit of units) {
    for (const input of unit.inputs) values.add(input);
    const product = unit.role === 'layer' && unit.node.op !== 'Conv';
    if (!product || index.readers(unit.output).some((reader) => roles.has(reader))) values.add(unit.output);
  }
  return values;
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
