/**
 * Several training steps in one graph, with the tensors of their vectors kept apart.
 *
 * A step ends with all gradients joined to a vector, and the next begins with the parameters cut out of theirs: copies that
 * only the edge of a graph needs. What a step works out of vectors element by element, as optimisers do, is worked out tensor
 * by tensor here. Vectors are joined where something else reads them, and cut where they come in.
 */
import { ELEMENTWISE_OPERATORS } from '../onnx/elementwise-operators.ts';
import { float32, int, int64 } from '../onnx/graph-builder.ts';
import type { Attributes, OnnxModel, OnnxNode } from '../onnx/model.ts';
import { valueTypes } from '../onnx/value-types.ts';

/** With more tensors the nodes would be too many, each for too little. */
const MOST_PIECES = 16;

/**
 * The same to the last bit, but for the order in which the magnitude of a vector (`ReduceL1`) is summed up.
 * @param sizes of the tensors in the vectors [P], in their order
 * @param fixed inputs [P] whose values are known: those that have one number for each tensor need not be read
 */
export function inPieces(
  model: OnnxModel,
  sizes: readonly number[],
  fixed: ReadonlyMap<string, Float32Array> = new Map(),
): OnnxModel {
  if (sizes.length < 2 || sizes.length > MOST_PIECES) return model;
  const { graph } = model;
  const types = valueTypes(model);
  const length = sizes.reduce((sum, size) => sum + size, 0);
  const hasShape = (value: string, size: number): boolean => {
    const shape = types.get(value)?.shape;
    return shape?.length === 1 && shape[0] === size;
  };
  const isVector = (value: string): boolean => hasShape(value, length);
  const isScalar = (value: string): boolean => types.get(value)?.shape.every((d) => d === 1) ?? false;

  const pieceNames = (value: string): readonly string[] => sizes.map((_, k) => `pieces/${value}/${k}`);
  const nodes: OnnxNode[] = [];
  const initializers = new Map([...graph.initializers, [SIZES, int64(sizes)]]);
  const pieces = new Map<string, readonly string[]>();
  /** In place of the pieces, where another vector gives their shape. */
  const numbers = new Map<string, readonly string[]>();
  for (const [name, vector] of fixed) {
    const values = numberOfEach(vector, sizes);
    if (values === null) continue;
    const names = values.map((_, k) => `pieces/${name}/number/${k}`);
    names.forEach((number, k) => void initializers.set(number, float32([values[k]!])));
    numbers.set(name, names);
  }
  /** Vectors that stand for their pieces alone. */
  const apart = new Set<string>();
  const cut = (value: string): readonly string[] => {
    const found = pieces.get(value) ?? pieceNames(value);
    if (!pieces.has(value)) nodes.push(plainNode('Split', [value, SIZES], found, { axis: int(0) }));
    pieces.set(value, found);
    return found;
  };
  const join = (value: string): void => {
    if (apart.delete(value)) nodes.push(plainNode('Concat', pieces.get(value)!, [value], { axis: int(0) }));
  };
  const keepApart = (value: string, parts: readonly string[]): void => {
    pieces.set(value, parts);
    apart.add(value);
  };
  /** The node once for each tensor; gives the names of its outputs. */
  const byPiece = (node: OnnxNode): readonly string[] => {
    const isShaped = node.inputs.some((i) => isVector(i) && !numbers.has(i));
    const inputs = node.inputs.map((i) =>
      isVector(i) ? (isShaped && numbers.get(i)) || cut(i) : sizes.map(() => i),
    );
    return pieceNames(node.outputs[0]!).map((output, k) => {
      nodes.push({
        ...node,
        name: `${node.name}/${k}`,
        inputs: inputs.map((parts) => parts[k]!),
        outputs: [output],
      });
      return output;
    });
  };
  const areSizes = (values: readonly string[]): boolean =>
    values.length === sizes.length && values.every((value, k) => hasShape(value, sizes[k]!));

  for (const node of graph.nodes) {
    const [output] = node.outputs as [string];
    if (node.op === 'Concat' && areSizes(node.inputs)) keepApart(output, node.inputs);
    else if (node.op === 'Split' && isVector(node.inputs[0]!) && areSizes(node.outputs)) {
      const parts = cut(node.inputs[0]!);
      node.outputs.forEach((name, k) => void nodes.push(plainNode('Identity', [parts[k]!], [name])));
    } else if (
      isElementwise(node) &&
      isVector(output) &&
      node.inputs.every((i) => isVector(i) || isScalar(i))
    ) {
      keepApart(output, byPiece(node));
    } else if (node.op === 'ReduceL1' && apart.has(node.inputs[0]!) && isScalar(output))
      nodes.push(plainNode('Sum', byPiece(node), [output]));
    else {
      node.inputs.forEach(join);
      nodes.push(node);
    }
  }
  for (const { name } of graph.outputs) join(name);
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const inputs = graph.inputs.filter(({ name }) => !fixed.has(name) || read.has(name));
  return { ...model, graph: { ...graph, inputs, initializers, nodes } };
}

/** The number that each piece of a vector repeats; null where one does not. */
function numberOfEach(vector: Float32Array, sizes: readonly number[]): readonly number[] | null {
  let begin = 0;
  const values: number[] = [];
  for (const size of sizes) {
    const value = vector[begin]!;
    if (!vector.subarray(begin, begin + size).every((v) => v === value)) return null;
    values.push(value);
    begin += size;
  }
  return values;
}

const SIZES = 'pieces/sizes';

const isElementwise = ({ op, domain }: OnnxNode): boolean => domain === '' && op in ELEMENTWISE_OPERATORS;

const plainNode = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
): OnnxNode => ({ name: `${op}/${outputs[0]}`, op, domain: '', inputs, outputs, attributes });
