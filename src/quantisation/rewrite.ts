/**
 * Rewrites a prepared model so that planned operators read and write quantised values. What stands for a quantised
 * activation or weight is up to the `Forms`: real integers for inference (`insert-qdq.ts`), or float values on the same
 * grid for fine-tuning (`fake-quantise.ts`).
 */
import { float, float32 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { floatAttribute } from '../onnx/shape-rules.ts';
import type { Affine } from './affine.ts';
import { freshNames, type GraphIndex, indexGraph, makeNode, withNodes } from './graph.ts';
import type { IntegerUnit, QuantisationPlan } from './plan.ts';

/** Where forms put their nodes and constants. */
export interface Emitter {
  readonly graph: GraphIndex;
  push(node: OnnxNode): void;
  /** Gives the constant's name, which may differ from the one wanted. */
  constant(tensor: Tensor, wanted: string): string;
  fresh(wanted: string): string;
}

export interface Forms {
  /** Whether a rectifier is left to the range of its quantised output. */
  readonly absorbRectifiers: boolean;
  /** Whether activations without an integer kernel are written in operators that have one. */
  readonly integerForms: boolean;
  /** Emits what turns `from` into `to`, quantised; `readScale` is what the readers take a step for. */
  activation(e: Emitter, from: string, to: string, affine: Affine, readScale: number): void;
  /** The name under which a constant operand is read. */
  operand(e: Emitter, name: string, affine: Affine): string;
  /** The inputs of the layer after the first: weights and perhaps bias. */
  weights(e: Emitter, node: OnnxNode, input: Affine): readonly string[];
}

export function rewrite(
  model: OnnxModel,
  plan: QuantisationPlan,
  affines: ReadonlyMap<string, Affine>,
  forms: Forms,
): OnnxModel {
  const graph = indexGraph(model.graph);
  const nodes: OnnxNode[] = [];
  const constants: [string, Tensor][] = [];
  const fresh = freshNames(model.graph);
  const e: Emitter = {
    graph,
    fresh,
    push: (node) => nodes.push(node),
    constant(tensor, wanted) {
      const name = fresh(wanted);
      constants.push([name, tensor]);
      return name;
    },
  };
  const units = new Map(plan.units.map((unit) => [unit.node, unit]));
  const absorbed = new Set(plan.units.map((unit) => unit.rectifier));
  const written = new Set(plan.units.filter((u) => affines.has(u.output)).map((u) => u.output));
  const reads = new Map<string, string>();

  /** The value as an integer operator reads it. One that is written in integers has it under its own name. */
  const read = (value: string): string => {
    if (written.has(value)) return value;
    const known = reads.get(value);
    if (known !== undefined) return known;
    const affine = affines.get(value)!;
    let name: string;
    if (graph.constant(value) !== null) name = forms.operand(e, value, affine);
    else {
      name = fresh(`${value}/dequantised`);
      forms.activation(e, value, name, affine, affine.scale);
    }
    reads.set(value, name);
    return name;
  };

  for (const node of model.graph.nodes) {
    if (absorbed.has(node)) continue;
    const unit = units.get(node);
    if (unit === undefined) {
      nodes.push(node);
      continue;
    }
    const inputs =
      unit.role === 'layer'
        ? [read(node.inputs[0]!), ...forms.weights(e, node, affines.get(node.inputs[0]!)!)]
        : node.inputs.map((input) => (unit.inputs.includes(input) ? read(input) : input));
    const affine = written.has(unit.output) ? affines.get(unit.output)! : null;
    const raw = affine === null ? unit.output : fresh(`${unit.output}/float`);
    const factor = emitUnit(e, unit, inputs, raw, affine, forms);
    if (affine === null) continue;
    const scaled = { ...affine, scale: Math.fround(affine.scale / factor) };
    forms.activation(e, raw, unit.output, scaled, affine.scale);
  }
  return withNodes(model, nodes, constants);
}

/** Emits the operator; gives the factor by which its raw output must still be multiplied (1 but for hard sigmoids). */
function emitUnit(
  e: Emitter,
  { node, role, rectifier }: IntegerUnit,
  inputs: readonly string[],
  raw: string,
  affine: Affine | null,
  { absorbRectifiers, integerForms }: Forms,
): number {
  if (integerForms && affine !== null && role === 'hardSigmoid') {
    // clip(αx + β, 0, 1) = α·clip(x + β/α, 0, 1/α): an addition whose range does the clipping.
    const alpha = floatAttribute(node.attributes, 'alpha', 0.2);
    const shift = floatAttribute(node.attributes, 'beta', 0.5) / alpha;
    const step = { scale: Math.fround(Math.abs(shift) / 255 || 1), zeroPoint: shift < 0 ? 255 : 0 };
    const integer = e.constant(
      { dtype: 'uint8', shape: [], data: Uint8Array.of(shift < 0 ? 0 : 255) },
      `${node.name}/shift`,
    );
    const scale = e.constant(float32(step.scale), `${node.name}/shift/scale`);
    const zero = e.constant(
      { dtype: 'uint8', shape: [], data: Uint8Array.of(step.zeroPoint) },
      `${node.name}/shift/zero`,
    );
    const name = e.fresh(`${node.name}/shift/dequantised`);
    e.push(makeNode('DequantizeLinear', name, [integer, scale, zero], name));
    e.push(makeNode('Add', node.name, [inputs[0]!, name], raw));
    return alpha;
  }
  // The integer kernel of a leaky ReLU with slope 0; a ReLU of its own has none.
  if (integerForms && affine !== null && role === 'rectifier')
    e.push(makeNode('LeakyRelu', node.name, [inputs[0]!], raw, { alpha: float(0) }));
  else if (rectifier !== null && !(absorbRectifiers && affine !== null)) {
    e.push({ ...node, inputs });
    e.push({ ...rectifier, outputs: [raw] });
  } else e.push({ ...node, inputs, outputs: [raw, ...node.outputs.slice(1)] });
  return 1;
}
