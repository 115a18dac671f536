/** The gradient rule of every differentiable operator. To add an operator: one rule, one row. */
import type { GradientRule } from '../rule.ts';
import * as activation from './activation.ts';
import * as convolution from './convolution.ts';
import { einsum } from './einsum.ts';
import * as elementwise from './elementwise.ts';
import * as indexing from './indexing.ts';
import * as matrix from './matrix.ts';
import { batchNorm } from './normalisation.ts';
import * as pooling from './pooling.ts';
import { straightThrough } from './quantisation.ts';
import * as reduction from './reduction.ts';
import { resize } from './resize.ts';
import { logSoftmax, softmax } from './softmax.ts';
import * as structure from './structure.ts';

export const GRADIENT_RULES: Readonly<Record<string, GradientRule>> = {
  // Convolution and matrix products
  Conv: convolution.conv,
  ConvTranspose: convolution.convTranspose,
  Gemm: matrix.gemm,
  MatMul: matrix.matmul,
  Einsum: einsum,
  // Normalisation (BatchNormalization becomes this in a training graph)
  BatchNormTraining: batchNorm,
  // Fake quantisation
  QuantizeLinear: straightThrough,
  DequantizeLinear: straightThrough,
  // Activations
  Relu: activation.relu,
  LeakyRelu: activation.leakyRelu,
  PRelu: activation.prelu,
  Clip: activation.clip,
  Sigmoid: activation.sigmoid,
  Tanh: activation.tanh,
  HardSigmoid: activation.hardSigmoid,
  HardSwish: activation.hardSwish,
  Gelu: activation.gelu,
  Softplus: activation.softplus,
  Elu: activation.elu,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  // Pooling
  MaxPool: pooling.maxPool,
  AveragePool: pooling.averagePool,
  GlobalAveragePool: pooling.globalAveragePool,
  GlobalMaxPool: pooling.globalMaxPool,
  // Elementwise
  Add: elementwise.add,
  Sum: elementwise.add,
  Mean: elementwise.meanOfInputs,
  Sub: elementwise.sub,
  Mul: elementwise.mul,
  Div: elementwise.div,
  Pow: elementwise.pow,
  Min: elementwise.extremum,
  Max: elementwise.extremum,
  Neg: elementwise.neg,
  Exp: elementwise.exp,
  Log: elementwise.log,
  Sqrt: elementwise.sqrt,
  Abs: elementwise.abs,
  Sign: elementwise.flat,
  Floor: elementwise.flat,
  Ceil: elementwise.flat,
  Round: elementwise.flat,
  Reciprocal: elementwise.reciprocal,
  Sin: elementwise.sin,
  Cos: elementwise.cos,
  Tan: elementwise.tan,
  Asin: elementwise.asin,
  Acos: elementwise.acos,
  Atan: elementwise.atan,
  Sinh: elementwise.sinh,
  Cosh: elementwise.cosh,
  Asinh: elementwise.asinh,
  Acosh: elementwise.acosh,
  Atanh: elementwise.atanh,
  Erf: elementwise.erf,
  Where: elementwise.where,
  Expand: elementwise.expand,
  // Reductions
  ReduceSum: reduction.reduceSum,
  ReduceMean: reduction.reduceMean,
  ReduceSumSquare: reduction.reduceSumSquare,
  ReduceL1: reduction.reduceL1,
  ReduceL2: reduction.reduceL2,
  ReduceMax: reduction.reduceExtremum,
  ReduceMin: reduction.reduceExtremum,
  ReduceProd: reduction.reduceProd,
  ReduceLogSumExp: reduction.reduceLogSumExp,
  // Structure
  Identity: structure.identity,
  Reshape: structure.reshape,
  Flatten: structure.reshape,
  Squeeze: structure.reshape,
  Unsqueeze: structure.reshape,
  Transpose: structure.transpose,
  Concat: structure.concat,
  Split: structure.split,
  Slice: structure.slice,
  Pad: structure.pad,
  CumSum: structure.cumSum,
  Trilu: structure.trilu,
  Cast: structure.cast,
  Resize: resize,
  // Indexing
  Gather: indexing.gather,
  GatherElements: indexing.gatherElements,
  GatherND: indexing.gatherND,
  ScatterElements: indexing.scatterElements,
  ScatterND: indexing.scatterND,
  TopK: indexing.topK,
};
