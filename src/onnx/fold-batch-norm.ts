/** Folds batch norms of an inference model into the convolution or product before them. */
import type { OnnxModel, OnnxNode, Tensor } from './model.ts';
import { floatAttribute, intAttribute } from './shape-rules.ts';

/**
 * Folds the batch norms of an inference model into the layers before them (Jacob et al. 2018, section 3.2): y = γ·(Wx
 * + b − μ)/√(σ² + ε) + β is a convolution with weights W·γ/√(σ² + ε) and bias (b − μ)·γ/√(σ² + ε) + β. A batch norm
 * is left where its input is not the output of a Conv or Gemm (weight [out, in]) with constant float32 weights, or
 * has other readers. The model itself where nothing folds.
 */
export function foldBatchNorm(model: OnnxModel): OnnxModel {
  const { graph } = model;
  if (!hasFoldable(graph)) return model;
  const initializers = new Map(graph.initializers);
  // An initialiser that is also an input is only a default: a caller may give another value.
  const inputs = new Set(graph.inputs.map((i) => i.name));
  const constant = (name: string | undefined): Tensor | undefined => {
    const found = name === undefined || inputs.has(name) ? undefined : initializers.get(name);
    return found?.dtype === 'float32' ? found : undefined;
  };
  const readers = new Map<string, number>();
  for (const node of graph.nodes)
    for (const input of node.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  const replaced = new Map<OnnxNode, OnnxNode | null>();
  /** What a folded layer was in the graph: a batch norm may follow another. */
  const originals = new Map<OnnxNode, OnnxNode>();

  for (const norm of graph.nodes) {
    if (norm.op !== 'BatchNormalization' || intAttribute(norm.attributes, 'training_mode', 0) === 1) continue;
    const [x, ...names] = norm.inputs as [string, string, string, string, string];
    const layer = producers.get(x);
    if (layer === undefined || readers.get(x) !== 1 || outputs.has(x)) continue;
    const weight = constant(layer.inputs[1]);
    const constants = names.map(constant);
    const bias = layer.inputs[2] ? constant(layer.inputs[2]) : null;
    const known = weight !== undefined && bias !== undefined && !constants.includes(undefined);
    if (!known || !(layer.op === 'Conv' || isPlainGemm(layer, bias, weight))) continue;
    const folded = fold(
      weight,
      bias,
      constants as Tensor[],
      floatAttribute(norm.attributes, 'epsilon', 1e-5),
    );
    const [weightName, biasName] = [`${norm.outputs[0]}/weight`, `${norm.outputs[0]}/bias`];
    initializers.set(weightName, folded.weight);
    initializers.set(biasName, folded.bias);
    const now: OnnxNode = {
      ...layer,
      inputs: [layer.inputs[0]!, weightName, biasName],
      outputs: [norm.outputs[0]!],
    };
    const original = originals.get(layer) ?? layer;
    originals.set(now, original);
    producers.set(norm.outputs[0]!, now);
    replaced.set(original, now);
    replaced.set(norm, null);
  }

  if (replaced.size === 0) return model;

  const nodes = graph.nodes.flatMap((n) => {
    const now = replaced.has(n) ? replaced.get(n)! : n;
    return now === null ? [] : [now];
  });
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const kept = new Map([...initializers].filter(([name]) => used.has(name)));
  return { ...model, graph: { ...graph, nodes, initializers: kept } };
}

/** Whether a batch norm follows a layer. Every candidate of a search is asked, and most have none or keep theirs. */
function hasFoldable({ nodes }: OnnxModel['graph']): boolean {
  if (!nodes.some(({ op }) => op === 'BatchNormalization')) return false;
  const layers = new Set<string>();
  for (const { op, outputs } of nodes) if (op === 'Conv' || op === 'Gemm') layers.add(outputs[0]!);
  return nodes.some(({ op, inputs }) => op === 'BatchNormalization' && layers.has(inputs[0]!));
}

/** Weight [out, in] and bias [out], as our own linear layers have them. */
const isPlainGemm = (node: OnnxNode, bias: Tensor | null, weight: Tensor): boolean =>
  node.op === 'Gemm' &&
  (bias === null || (bias.shape.length === 1 && bias.shape[0] === weight.shape[0])) &&
  intAttribute(node.attributes, 'transB', 0) === 1 &&
  intAttribute(node.attributes, 'transA', 0) === 0 &&
  floatAttribute(node.attributes, 'alpha', 1) === 1 &&
  floatAttribute(node.attributes, 'beta', 1) === 1;

function fold(
  weight: Tensor,
  bias: Tensor | null,
  constants: readonly Tensor[],
  epsilon: number,
): { weight: Tensor; bias: Tensor } {
  const [scale, shift, mean, variance] = constants.map((t) => t.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const channels = weight.shape[0]!;
  const each = weight.data.length / channels;
  // A graph whose weights have no values has none folded either: only its structure is asked for.
  if (each === 0) return { weight, bias: { dtype: 'float32', shape: [channels], data: weight.data } };
  const newWeight = new Float32Array(weight.data.length);
  const newBias = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const factor = scale[c]! / Math.sqrt(variance[c]! + epsilon);
    for (let i = c * each; i < (c + 1) * each; i++) newWeight[i] = Number(weight.data[i]) * factor;
    newBias[c] = (Number(bias?.data[c] ?? 0) - mean[c]!) * factor + shift[c]!;
  }
  return {
    weight: { dtype: 'float32', shape: weight.shape, data: newWeight },
    bias: { dtype: 'float32', shape: [channels], data: newBias },
  };
}
