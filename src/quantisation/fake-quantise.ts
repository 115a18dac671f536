/**
 * Fake quantisation (Jacob et al. 2018): the float model with every weight and activation rounded to the grid that its
 * integers will have, so that training learns weights that bear it.
 *
 * Activations are clipped to the fixed range of calibration; weights take their scale from their largest magnitude at
 * each step, as the quantised model will. For training graphs (operator set 18 and later).
 */
import { float32, int, int64 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode } from '../onnx/model.ts';
import { type Affine, LIMITS } from './affine.ts';
import { makeNode } from './graph.ts';
import type { QuantisationPlan } from './plan.ts';
import { type Emitter, type Forms, rewrite } from './rewrite.ts';
import type { QuantisationTarget } from './targets.ts';
import { layerWeights } from './weights.ts';

/** Below any scale that weights have. */
const SMALLEST_SCALE = 1e-12;

function activation(e: Emitter, from: string, to: string, affine: Affine): void {
  const { dtype, scale, zeroPoint } = affine;
  const bound = (integer: number, name: string): string =>
    e.constant(float32(Math.fround((integer - zeroPoint) * scale)), `${to}/${name}`);
  const clipped = e.fresh(`${to}/clipped`);
  const bounds = [bound(LIMITS[dtype].low, 'low'), bound(LIMITS[dtype].high, 'high')];
  e.push(makeNode('Clip', clipped, [from, ...bounds], clipped));
  const data = dtype === 'uint8' ? Uint8Array.of(zeroPoint) : Int8Array.of(zeroPoint);
  const zero = e.constant({ dtype, shape: [], data }, `${to}/zero`);
  roundTrip(e, clipped, to, e.constant(float32(scale), `${to}/scale`), zero);
}

function roundTrip(e: Emitter, from: string, to: string, scale: string, zero: string, axis?: number): void {
  const attributes = axis === undefined ? {} : { axis: int(axis) };
  const integers = e.fresh(`${to}/quantised`);
  e.push(makeNode('QuantizeLinear', integers, [from, scale, zero], integers, attributes));
  e.push(makeNode('DequantizeLinear', e.fresh(`${to}/dequantise`), [integers, scale, zero], to, attributes));
}

function weights(e: Emitter, node: OnnxNode, limit: number): readonly string[] {
  const { weight, axis } = layerWeights(node, e.graph);
  const emit = (op: string, name: string, inputs: readonly string[], attributes = {}): string => {
    const output = e.fresh(`${node.name}/weight/${name}`);
    e.push(makeNode(op, output, inputs, output, attributes));
    return output;
  };
  const others = weight.shape.map((_, i) => i).filter((i) => i !== axis);
  const axes = e.constant(int64(others), `${node.name}/weight/axes`);
  const largest = emit('ReduceMax', 'largest', [emit('Abs', 'magnitude', [node.inputs[1]!]), axes], {
    keepdims: int(0),
  });
  const step = emit('Mul', 'step', [largest, e.constant(float32(1 / limit), `${node.name}/weight/perLevel`)]);
  const least = e.constant(float32(SMALLEST_SCALE), `${node.name}/weight/least`);
  const scale = emit('Max', 'scale', [step, least]);
  const shape = [weight.shape[axis]!];
  const zero = e.constant(
    { dtype: 'int8', shape, data: new Int8Array(shape[0]!) },
    `${node.name}/weight/zero`,
  );
  const rounded = e.fresh(`${node.name}/weight/rounded`);
  roundTrip(e, node.inputs[1]!, rounded, scale, zero, axis);
  return [rounded, ...node.inputs.slice(2)];
}

/**
 * @param model a prepared model; its weights keep their names
 * @param limit largest magnitude of an integer weight
 */
export function fakeQuantise(
  model: OnnxModel,
  plan: QuantisationPlan,
  affines: ReadonlyMap<string, Affine>,
  { target, limit }: { readonly target: QuantisationTarget; readonly limit: number },
): OnnxModel {
  const forms: Forms = {
    // The clip does what the rectifier did, as the integers will.
    absorbRectifiers: target.integerForms,
    integerForms: false,
    activation,
    operand: (_, name) => name,
    weights: (e, node) => weights(e, node, limit),
  };
  return rewrite(model, plan, affines, forms);
}
