/** Whether the file's graph is the one that its space builds from its genome. */
import { deploymentModel } from '../../network/deploy.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { Network } from '../../network/network.ts';
import { checkModel } from '../../onnx/check.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxGraph, OnnxModel } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { spaceDigest } from '../../space/digest.ts';
import { ioOf } from '../model-metadata.ts';
import { agrees, type Check, type CheckResult, disagrees, unchecked } from './check.ts';

/**
 * Node by node: operator, attributes, connections, names; and the weights' names, types and shapes. A file without a
 * genome need only be well formed.
 */
export const checkStructure: Check = ({ model, precision, metadata, network, space, missing }) => {
  if (metadata?.precision !== undefined && metadata.precision !== precision)
    return disagrees(`the file says that it is ${metadata.precision}, and it is ${precision}`);
  if (metadata?.genome === undefined) return wellFormed(model);
  if (space === null) return unchecked(missing);
  if (network === null) return disagrees(missing);
  const rebuilt = deployed(network);
  const [wanted, found] =
    precision === 'int8'
      ? [layersOf(rebuilt.graph), layersOf(model.graph)]
      : [describe(rebuilt.graph), describe(model.graph)];
  const what = precision === 'int8' ? 'layers with weights (the file is in 8 bits)' : 'parts';
  if (equal(wanted, found))
    return agrees(`the space ${space.name} builds the same graph from the genome: ${wanted.length} ${what}`);
  const at = wanted.findIndex((part, i) => part !== found[i]);
  const changed =
    metadata.spaceDigest !== undefined && metadata.spaceDigest !== spaceDigest(space, ioOf(metadata));
  const place =
    at < 0 ? `the file has ${found.length - wanted.length} more` : difference(wanted[at]!, found[at]);
  return disagrees(
    `the space ${space.name} builds another graph from the genome: ${place}${changed ? '. The space is not the one that the model was made with' : ''}`,
  );
};

/** Written and read once, as the file was: its numbers are rounded to what the format holds. */
function deployed(network: Network): OnnxModel {
  const weights = initialWeights(network, createRandom('structure'));
  return decodeModel(encodeModel(deploymentModel(network, weights, 'batch')));
}

const equal = (wanted: readonly string[], found: readonly string[]): boolean =>
  wanted.length === found.length && wanted.every((part, i) => part === found[i]);

/** A graph as texts, one for each node, weight, input and output; weights in order of their names. */
function describe({ nodes, initializers, inputs, outputs }: OnnxGraph): string[] {
  return [
    ...inputs.map((value) => `input ${JSON.stringify(value)}`),
    ...nodes.map(
      ({ name, op, domain, inputs: from, outputs: to, attributes }) =>
        `${op} ${name} ${JSON.stringify([domain, from, to, sorted(attributes)])}`,
    ),
    ...[...initializers]
      .map(
        ([name, { dtype, shape, data }]) =>
          // Integers are axes and shapes: part of the structure. Floats are learnt.
          `weight ${name} ${JSON.stringify([dtype, shape, dtype === 'int64' ? Array.from(data, String) : null])}`,
      )
      .sort(),
    ...outputs.map((value) => `output ${JSON.stringify(value)}`),
  ];
}

const sorted = (attributes: object): unknown[] =>
  Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);

export interface WeightedLayer {
  readonly name: string;
  readonly op: string;
  /** Of its weights; null where they are computed. */
  readonly weightShape: readonly number[] | null;
  /** Whether the weights are behind a conversion from integers. */
  readonly quantised: boolean;
}

/** The layers with weights in order; a weight is looked for behind its conversions. */
export function weightedLayers({ nodes, initializers }: OnnxGraph): WeightedLayer[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const weightOf = (value: string | undefined): readonly number[] | null => {
    if (value === undefined) return null;
    const constant = initializers.get(value);
    if (constant !== undefined) return constant.shape;
    const producer = producers.get(value);
    return producer?.op === 'DequantizeLinear' || producer?.op === 'QuantizeLinear'
      ? weightOf(producer.inputs[0])
      : null;
  };
  return nodes
    .filter(({ op }) => PRODUCTS.has(op))
    .map(({ name, op, inputs }) => ({
      name,
      op,
      weightShape: weightOf(inputs[1]),
      quantised: producers.get(inputs[1] ?? '')?.op === 'DequantizeLinear',
    }));
}

const layersOf = (graph: OnnxGraph): string[] =>
  weightedLayers(graph).map(({ name, op, weightShape }) => `${op} ${name} ${JSON.stringify(weightShape)}`);

function wellFormed(model: OnnxModel): CheckResult {
  const [first, ...others] = checkModel(model);
  if (first === undefined)
    return agrees(
      `the graph is well formed: ${model.graph.nodes.length} operators; the file names no genome`,
    );
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return disagrees(`${first.node === null ? '' : `${first.node}: `}${first.reason}${more}`);
}

const SHOWN = 60;

function difference(wanted: string, found: string | undefined): string {
  const short = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
  const name = wanted.split(' ', 2).join(' ');
  if (found === undefined) return `the file lacks ${name}`;
  return found.split(' ', 2).join(' ') === name
    ? `${name} differs`
    : `“${short(found)}” stands in the place of “${short(wanted)}”`;
}
