/**
 * `espalier/training-graph`: training of ONNX models by itself. What this file loads is Protocol Buffers and ONNX
 * Runtime, nothing else of Espalier's dependencies (test/training-graph.test.ts). Re-exports only.
 */
// making the graph
export type { Arithmetic } from './autodiff/arithmetic.ts';
export type { NoiseInput } from './autodiff/forward.ts';
export type { BinaryCrossEntropyOptions } from './autodiff/losses/binary-cross-entropy.ts';
export type { BoxOverlapOptions } from './autodiff/losses/box-overlap.ts';
export type { CrossEntropyOptions } from './autodiff/losses/cross-entropy.ts';
export type { DiceOptions } from './autodiff/losses/dice.ts';
export type { DistillationOptions } from './autodiff/losses/distillation.ts';
export type { FocalOptions } from './autodiff/losses/focal.ts';
export { LOSSES } from './autodiff/losses/index.ts';
export type { ClassLabels, Loss, StopGradient } from './autodiff/losses/loss.ts';
export { type LossTerm, sumOfLosses } from './autodiff/losses/sum.ts';
export type { LoweringTarget } from './autodiff/lowering/target.ts';
export { startingVectors, trainedModel } from './autodiff/model-weights.ts';
export type { AdamwOptions } from './autodiff/optimisers/adamw.ts';
export { OPTIMISERS } from './autodiff/optimisers/index.ts';
export type { LionOptions } from './autodiff/optimisers/lion.ts';
export type { Optimiser, UpdateContext } from './autodiff/optimisers/optimiser.ts';
export type { RmspropOptions } from './autodiff/optimisers/rmsprop.ts';
export type { SgdOptions } from './autodiff/optimisers/sgd.ts';
export {
  entryVector,
  type LayoutEntry,
  pack,
  unpack,
  type VectorLayout,
} from './autodiff/parameter-layout.ts';
export { type TrainingGraph, type TrainingGraphOptions, trainingGraph } from './autodiff/training-graph.ts';
export { EspalierError } from './errors.ts';
// models and files
export { decodeModel, type ReadExternal } from './onnx/decode.ts';
export { encodeModel } from './onnx/encode.ts';
export type { GraphBuilder } from './onnx/graph-builder.ts';
export type { OnnxModel, Tensor } from './onnx/model.ts';
export { readModelFile } from './onnx/read-file.ts';
export { createRandom, type Random } from './random.ts';
// running it on onnxruntime-node
export { loweringTarget } from './runtime/lowering-target.ts';
export { type Diagnosis, diagnose, type TrainingRecipe } from './train/diagnose.ts';
export { createStepper, type StepInputs, type Stepper } from './train/step.ts';
