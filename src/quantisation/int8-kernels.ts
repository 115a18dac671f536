/**
 * The kernels of a network in 8 bits, without making the model: what rewrite.ts emits for a plan, as operators and shapes.
 * Every candidate of a search is asked for them.
 */
import { type Kernel, kernelOf, NO_PRODUCER } from '../device/predict/kernels.ts';
import type { DeployedGraph } from '../network/deployed-graph.ts';
import { IR_VERSION, OPSET, PRODUCER } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode } from '../onnx/model.ts';
import type { Shape } from '../onnx/shape-rules.ts';
import { planQuantisation } from './plan.ts';
import { prepareModel } from './prepare.ts';

const QUANTISE = { op: 'QuantizeLinear', attributes: {} };
const DEQUANTISE = { op: 'DequantizeLinear', attributes: {} };
/** Hard sigmoids are additions, ReLUs by themselves leaky ones of slope 0 (rewrite.ts). */
const INSTEAD: Readonly<Record<string, string>> = { hardSigmoid: 'Add', rectifier: 'LeakyRelu' };

/** Those of the target `onnxruntime`, in any order. @throws NOT_QUANTISABLE */
export function int8Kernels({ graph: float, shapes, float: floatScopes }: DeployedGraph): Kernel[] {
  const model: OnnxModel = {
    irVersion: IR_VERSION,
    opsets: { '': OPSET },
    producer: PRODUCER,
    metadata: {},
    graph: float,
  };
  const { graph } = prepareModel(model);
  const plan = planQuantisation(graph, new Set(floatScopes));
  const absorbed = new Set(plan.units.map(({ rectifier }) => rectifier));
  const written = new Set<string>();
  for (const { output } of plan.units) if (plan.values.has(output)) written.add(output);
  const producers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) producers.set(node.outputs[0]!, node);

  /** Values that preparation has put between two others come of a function of each element. */
  const shapeOf = (value: string): Shape =>
    shapes.get(value) ??
    graph.initializers.get(value)?.shape ??
    (value === '' ? [] : shapeOf(producers.get(value)!.inputs[0]!));
  const kernels: Kernel[] = [];
  const emit = (
    node: Pick<OnnxNode, 'op' | 'attributes'>,
    producer: string,
    inputs: readonly string[],
    output: string,
  ): void => {
    const weight = inputs.length > 1 ? shapeOf(inputs[1]!) : [];
    kernels.push(kernelOf(node, producer, shapeOf(inputs[0]!), weight, shapeOf(output)));
  };
  const convert = (value: string, producer: string): void => {
    emit(QUANTISE, producer, [value], value);
    emit(DEQUANTISE, QUANTISE.op, [value], value);
  };
  const producerOf = (value: string): string =>
    written.has(value) ? DEQUANTISE.op : (producers.get(value)?.op ?? NO_PRODUCER);

  const converted = new Set<string>();
  /** Units are in the order of their nodes. */
  let next = 0;
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue;
    const unit = plan.units[next]?.node === node ? plan.units[next++]! : null;
    const output = node.outputs[0]!;
    if (unit === null) {
      emit(node, producerOf(node.inputs[0]!), node.inputs, output);
      continue;
    }
    for (const value of unit.inputs) {
      if (written.has(value) || converted.has(value) || graph.initializers.has(value)) continue;
      convert(value, producerOf(value));
      converted.add(value);
    }
    const { role, rectifier } = unit;
    const inIntegers = written.has(unit.output);
    const op = (inIntegers && INSTEAD[role]) || node.op;
    const inputs = op === node.op ? node.inputs : node.inputs.slice(0, 1);
    emit({ op, attributes: node.attributes }, DEQUANTISE.op, inputs, output);
    if (rectifier !== null && !inIntegers) emit(rectifier, op, rectifier.inputs, unit.output);
    if (inIntegers) convert(unit.output, op);
  }
  return kernels;
}
