/** Checks a model for mistakes that an engine would meet late, with a message that names neither cause nor layer. */
import { EspalierError } from '../errors.ts';
import type { OnnxModel, OnnxNode, Tensor } from './model.ts';
import { SHAPE_RULES, type Shape, type ValueType } from './shape-rules.ts';

/** Why a model cannot be used, and at which node. */
export interface ModelProblem {
  /** Name of the node, or null for the model as a whole. */
  readonly node: string | null;
  /** A clause, to follow on the node's name. */
  readonly reason: string;
}

/** Null: defined, but its shape is computed when the model runs. */
type Types = Map<string, ValueType | null>;

/**
 * All problems found, none in a well-formed model: names taken twice, values that are read before they are defined,
 * operator sets that are not imported, shapes that do not fit an operator or contradict the declared outputs.
 * Operators without a shape rule, and shapes that depend on values, are let pass. Throws nothing.
 */
export function checkModel(model: OnnxModel): ModelProblem[] {
  const { graph } = model;
  const problems: ModelProblem[] = [];
  const report = (node: string | null, reason: string): unknown => problems.push({ node, reason });
  const types: Types = new Map(graph.initializers);
  const constants = new Map(graph.initializers);
  const names = new Set<string>();

  for (const input of graph.inputs) {
    // Up to IR version 3 every initialiser had to be an input too.
    if (types.has(input.name) && !graph.initializers.has(input.name))
      report(null, `two inputs have the name "${input.name}"`);
    types.set(input.name, input);
  }
  for (const node of graph.nodes) {
    if (names.has(node.name)) report(node.name, 'another node has the same name');
    names.add(node.name);
    if (model.opsets[node.domain] === undefined)
      report(node.name, `no operator set of the domain "${node.domain}" is imported`);
    const missing = node.inputs.filter((i) => i !== '' && !types.has(i));
    for (const input of missing) report(node.name, `its input "${input}" is not defined before it`);
    const found = missing.length === 0 ? inferTypes(node, types, constants, report) : null;
    node.outputs.forEach((output, i) => {
      if (output === '') return;
      if (types.has(output)) report(node.name, `its output "${output}" is already defined`);
      types.set(output, found?.[i] ?? null);
    });
    const value = node.attributes.value;
    if (node.op === 'Constant' && value?.type === 'tensor') constants.set(node.outputs[0]!, value.value);
  }
  for (const output of graph.outputs) {
    const found = types.get(output.name);
    if (found === undefined) report(null, `the output "${output.name}" is not defined`);
    else if (found !== null && (found.dtype !== output.dtype || contradict(found.shape, output.shape)))
      report(
        null,
        `the output "${output.name}" is declared as ${describe(output)} and comes out as ${describe(found)}`,
      );
  }
  return problems;
}

const describe = ({ dtype, shape }: ValueType): string => `${dtype} [${shape.join(', ')}]`;

/** Symbols fit any size. */
const contradict = (a: Shape, b: Shape): boolean =>
  a.length !== b.length || a.some((d, i) => typeof d === 'number' && typeof b[i] === 'number' && d !== b[i]);

/** A usual image side and large batch, tried for symbolic axes. */
const PROBE = 224;
const probe = (shape: Shape): Shape => shape.map((d) => (typeof d === 'string' ? PROBE : d));

/** The node's output types, or null when they cannot be known before the model runs. */
function inferTypes(
  node: OnnxNode,
  types: Types,
  constants: ReadonlyMap<string, Tensor>,
  report: (node: string, reason: string) => unknown,
): readonly ValueType[] | null {
  const rule = SHAPE_RULES[node.op];
  const given = node.inputs.map((i) => (i === '' ? null : types.get(i)!));
  if (rule === undefined || node.inputs.some((name, i) => name !== '' && given[i] === null)) return null;
  let dependsOnValues = false;
  const infer = (inputs: readonly (ValueType | null)[]): readonly ValueType[] | string => {
    try {
      return rule({
        op: node.op,
        name: node.name,
        attributes: node.attributes,
        inputs,
        constant: (index) => {
          const tensor = constants.get(node.inputs[index] ?? '') ?? null;
          if (tensor === null && node.inputs[index]) dependsOnValues = true;
          return tensor;
        },
        outputCount: node.outputs.length,
      });
    } catch (error) {
      // A rule that trips over a missing axis or attribute: the node is no valid use of the operator either way.
      return error instanceof EspalierError
        ? error.message
        : `its inputs or attributes do not fit the operator ${node.op}`;
    }
  };
  const found = infer(given);
  if (typeof found !== 'string') return found;
  if (dependsOnValues) return null;
  // The rule may only have missed a number for a symbol; if it fails with numbers too, the shapes are at fault.
  const symbolic = given.some((v) => v?.shape.some((d) => typeof d === 'string'));
  if (symbolic && typeof infer(given.map((v) => v && { ...v, shape: probe(v.shape) })) !== 'string')
    return null;
  report(node.name, found);
  return null;
}
