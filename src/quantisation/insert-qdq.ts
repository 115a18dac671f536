/**
 * The quantised model in ONNX's QDQ form: every tensor that the engine keeps in integers goes through a QuantizeLinear
 * and a DequantizeLinear, which the engine merges into its integer kernels.
 */
import { int } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { type Affine, quantiseTensor } from './affine.ts';
import { makeNode } from './graph.ts';
import type { QuantisationPlan } from './plan.ts';
import { type Emitter, type Forms, rewrite } from './rewrite.ts';
import type { QuantisationTarget } from './targets.ts';
import { layerWeights, quantiseLayer } from './weights.ts';

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
/** A scalar of the integers' type. */
export const zeroPointTensor = ({
  dtype,
  zeroPoint: value,
}: Pick<Affine, 'dtype' | 'zeroPoint'>): Tensor => ({
  dtype,
  shape: [],
  data: dtype === 'uint8' ? Uint8Array.of(value) : Int8Array.of(value),
});

function dequantise(e: Emitter, name: string, inputs: readonly string[], axis?: number): string {
  const output = e.fresh(name);
  e.push(makeNode('DequantizeLinear', output, inputs, output, axis === undefined ? {} : { axis: int(axis) }));
  return output;
}

function activation(e: Emitter, from: string, to: string, affine: Affine, readScale: number): void {
  const scale = e.constant(scalar(affine.scale), `${to}/scale`);
  const zero = e.constant(zeroPointTensor(affine), `${to}/zero`);
  const integers = e.fresh(`${to}/quantised`);
  e.push(makeNode('QuantizeLinear', integers, [from, scale, zero], integers));
  const back = readScale === affine.scale ? scale : e.constant(scalar(readScale), `${to}/readScale`);
  e.push(makeNode('DequantizeLinear', e.fresh(`${to}/dequantise`), [integers, back, zero], to));
}

function operand(e: Emitter, name: string, affine: Affine): string {
  const integers = e.constant(quantiseTensor(e.graph.constant(name)!, affine), `${name}/quantised`);
  const scale = e.constant(scalar(affine.scale), `${name}/scale`);
  return dequantise(e, `${name}/dequantised`, [
    integers,
    scale,
    e.constant(zeroPointTensor(affine), `${name}/zero`),
  ]);
}

/** int8 weights and int32 bias, both behind a DequantizeLinear. */
function integerWeights(e: Emitter, node: OnnxNode, input: Affine, limit: number): readonly string[] {
  const layer = layerWeights(node, e.graph);
  const { weight, weightScales, bias, biasScales } = quantiseLayer(layer, input.scale, limit);
  const zeros = (dtype: 'int8' | 'int32'): Tensor => ({
    dtype,
    shape: weightScales.shape,
    data: new (dtype === 'int8' ? Int8Array : Int32Array)(weightScales.data.length),
  });
  const constant = (name: string, values: Tensor, scales: Tensor, axis: number): string =>
    dequantise(
      e,
      `${node.name}/${name}/dequantised`,
      [
        e.constant(values, `${node.name}/${name}/quantised`),
        e.constant(scales, `${node.name}/${name}/scale`),
        e.constant(zeros(values.dtype as 'int8'), `${node.name}/${name}/zero`),
      ],
      axis,
    );
  return [
    constant('weight', weight, weightScales, layer.axis),
    ...(bias === null ? [] : [constant('bias', bias, biasScales, 0)]),
  ];
}

/** Float weights behind a quantising pair, and the bias as it is. */
function pairedWeights(e: Emitter, node: OnnxNode, input: Affine, limit: number): readonly string[] {
  const layer = layerWeights(node, e.graph);
  const { weightScales } = quantiseLayer({ ...layer, bias: null }, input.scale, limit);
  const scales = e.constant(weightScales, `${node.name}/weight/scale`);
  const data = new Int8Array(weightScales.data.length);
  const zeros = e.constant({ dtype: 'int8', shape: weightScales.shape, data }, `${node.name}/weight/zero`);
  const integers = e.fresh(`${node.name}/weight/quantised`);
  const axis = { axis: int(layer.axis) };
  e.push(makeNode('QuantizeLinear', integers, [node.inputs[1]!, scales, zeros], integers, axis));
  const weight = dequantise(e, `${node.name}/weight/dequantised`, [integers, scales, zeros], layer.axis);
  return [weight, ...node.inputs.slice(2)];
}

/**
 * @param model a prepared model
 * @param limit largest magnitude of an integer weight, 127 or 63
 */
export function insertQdq(
  model: OnnxModel,
  plan: QuantisationPlan,
  affines: ReadonlyMap<string, Affine>,
  { target, limit }: { readonly target: QuantisationTarget; readonly limit: number },
): OnnxModel {
  const weights = target.floatWeights ? pairedWeights : integerWeights;
  const forms: Forms = {
    absorbRectifiers: target.integerForms,
    integerForms: target.integerForms,
    activation,
    operand,
    weights: (e, node, input) => weights(e, node, input, limit),
  };
  return rewrite(model, plan, affines, forms);
}
