/**
 * Which kernels ONNX Runtime really runs: its optimised graph, written out and read again. A QDQ model whose pairs it
 * could not merge still computes in float, only slower.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeModel } from '../onnx/decode.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';

/** An operator that computes in float. */
interface FloatKernel {
  /** Of the node in the given model, where ONNX Runtime has not invented it. */
  readonly name: string;
  /** Operator type in the optimised graph. */
  readonly op: string;
}

/** What ONNX Runtime really computes on integers, read from its optimised graph. */
export interface KernelReport {
  /** Operators of the optimised graph that compute on integers, by type and how many. */
  readonly integer: Readonly<Record<string, number>>;
  /** Names of the products among them: convolutions and matrix products. */
  readonly integerLayers: readonly string[];
  /** Those that compute in float. */
  readonly float: readonly FloatKernel[];
  /** QuantizeLinear and DequantizeLinear between the two that are left. */
  readonly conversions: number;
}

/** ONNX Runtime's integer kernels, beside all that begin with `QLinear`. */
const INTEGER: ReadonlySet<string> = new Set([
  'QGemm',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'ConvInteger',
  'NhwcMaxPool',
]);
/** Those that multiply with weights. */
const INTEGER_PRODUCTS: ReadonlySet<string> = new Set([
  'QLinearConv',
  'QGemm',
  'QLinearMatMul',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'ConvInteger',
]);
/** Shapes and layouts: no arithmetic. */
const MOVES: ReadonlySet<string> = new Set([
  'Transpose',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Shape',
  'Gather',
  'Slice',
  'Cast',
  'Concat',
  'ReorderInput',
  'ReorderOutput',
]);
const isConversion = (node: OnnxNode): boolean =>
  node.op === 'QuantizeLinear' || node.op === 'DequantizeLinear';

/** ONNX Runtime renames nodes that it moves to another layout. */
const originalName = (name: string): string => name.replace(/(_token_\d+|_nchwc|\/duplicated)+$/, '');

/**
 * Reads which kernels ONNX Runtime's CPU provider runs from its optimised graph: a QDQ model whose pairs it could not
 * merge still computes in float, only slower.
 * @param model ONNX bytes
 * @throws MODEL_LOAD when it refuses the model; ONNX_READ when the optimised graph holds what Espalier cannot read
 */
export async function inspectKernels(model: Uint8Array): Promise<KernelReport> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-'));
  const path = join(folder, 'optimised.onnx');
  try {
    await (await createSession(model, { optimisedModelPath: path })).release();
    const { graph } = decodeModel(await readFile(path), 'the optimised model');
    const integerValues = new Set<string>();
    const integer: Record<string, number> = {};
    const integerLayers: string[] = [];
    const float: { name: string; op: string }[] = [];
    let conversions = 0;
    for (const node of graph.nodes) {
      const moved = node.inputs.some((i) => integerValues.has(i)) && node.op !== 'DequantizeLinear';
      if (node.op === 'QuantizeLinear' || moved) for (const o of node.outputs) integerValues.add(o);
      if (isConversion(node)) conversions++;
      else if (node.op.startsWith('QLinear') || INTEGER.has(node.op)) {
        integer[node.op] = (integer[node.op] ?? 0) + 1;
        if (INTEGER_PRODUCTS.has(node.op)) integerLayers.push(originalName(node.name));
        for (const o of node.outputs) integerValues.add(o);
      } else if (node.op === 'MaxPool' && moved) integer.MaxPool = (integer.MaxPool ?? 0) + 1;
      else if (!MOVES.has(node.op)) float.push({ name: originalName(node.name), op: node.op });
    }
    return { integer, integerLayers, float, conversions };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
