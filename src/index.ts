/** Espalier's public API: re-exports only. */

// benchmark
export { createProblem, type Goal, type Problem, type ProblemOptions } from './benchmark/problem.ts';
export { readTable, type Table } from './benchmark/table.ts';
export {
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkResult,
  runTableBenchmark,
} from './benchmark/table-benchmark.ts';
// config
export type { SearchConfig } from './config/search-config.ts';
// data
export { readDatasetCache, writeDatasetCache } from './data/cache.ts';
export type { Augmentation, ImageDataset, ImageSplit, Normalisation, SplitName } from './data/dataset.ts';
export { readImageFile } from './data/decode-image.ts';
export { type DrawnOptions, drawnDataset } from './data/drawn.ts';
export { formatDataReport } from './data/format-report.ts';
export { type LoadOptions, loadImageDataset } from './data/load.ts';
export type { DataReport } from './data/report.ts';
export { suitableAugmentation } from './data/suitable-augmentation.ts';
// device
export { describeMachine, type Machine } from './device/machine.ts';
export { type Latency, type LatencyOptions, measureLatency } from './device/measure-latency.ts';
export { EspalierError, EXIT } from './errors.ts';
// estimation
export { classCounts, defaultPlan, type PlanRequest } from './estimation/default-plan.ts';
export type { EstimationRequest, Estimator } from './estimation/estimator.ts';
export type { Fidelity } from './estimation/fidelity.ts';
export { ESTIMATORS } from './estimation/index.ts';
export { PROXIES } from './estimation/proxies/index.ts';
export type { ProxyEstimator, ProxySetting } from './estimation/proxies/proxy.ts';
export { proxySetting } from './estimation/proxies/setting.ts';
// execution
export { type ChildProcessOptions, createChildProcessExecutor } from './execution/child-process.ts';
export type {
  EvaluateTrial,
  Executor,
  JobOutcome,
  JobProgress,
  TrialHooks,
  TrialJob,
} from './execution/executor.ts';
// network
export { classifierHead } from './network/blocks/classifier-head.ts';
export { type ConvBnActOptions, convBnAct } from './network/blocks/conv-bn-act.ts';
export { type InvertedResidualOptions, invertedResidual } from './network/blocks/inverted-residual.ts';
export { nasBench201Cell } from './network/blocks/nas-bench-201-cell.ts';
export { qaRepVgg } from './network/blocks/qa-rep-vgg.ts';
export { type RepVggOptions, repVgg } from './network/blocks/rep-vgg.ts';
export { type ResidualBlockOptions, residualBlock } from './network/blocks/residual-block.ts';
export { squeezeExcite } from './network/blocks/squeeze-excite.ts';
export { type NetworkBuilder, networkBuilder } from './network/builder.ts';
export { type LayerCost, layerCosts, type NetworkCost, networkCost } from './network/cost.ts';
export { deploymentModel } from './network/deploy.ts';
export { deployedCost, deployedNetwork } from './network/deployed-cost.ts';
export { initialWeights } from './network/initialise.ts';
export type { Network, NetworkIO } from './network/network.ts';
export { reparameterise } from './network/reparameterise.ts';
export { networkToOnnx, type ToOnnxOptions } from './network/to-onnx.ts';
// onnx
export { checkModel, type ModelProblem } from './onnx/check.ts';
export { foldBatchNorm } from './onnx/fold-batch-norm.ts';
// quantisation
export { CALIBRATORS, type CalibrationMethod } from './quantisation/calibration/index.ts';
export { type Feeds, observeValues } from './quantisation/calibration/observe.ts';
export {
  type QuantiseClassifierRequest,
  type QuantisedClassifier,
  quantiseClassifier,
} from './quantisation/classifier.ts';
export { compareLatency, type LatencyComparison } from './quantisation/compare-latency.ts';
export { type FineTuneRequest, fineTune } from './quantisation/fine-tune.ts';
export { inspectKernels, type KernelReport } from './quantisation/kernels.ts';
export { type MixedPrecision, mixedPrecision } from './quantisation/mixed-precision.ts';
export {
  type Calibration,
  calibrate,
  type QuantisedLayer,
  type QuantisedModel,
  type QuantiseOptions,
  quantise,
  quantiseCalibrated,
} from './quantisation/quantise.ts';
export { type LayerSensitivity, layerSensitivities } from './quantisation/sensitivity.ts';
export { TARGETS, type TargetName } from './quantisation/targets.ts';
// report
export type { ReportData } from './report/data.ts';
export { writeReport } from './report/report.ts';
// search
export { type Classifier, loadClassifier, type Prediction } from './search/classifier.ts';
export type { SearchHooks } from './search/context.ts';
export type { SearchEvent } from './search/events.ts';
export { loadSpace } from './search/load-space.ts';
export type { ModelMetadata } from './search/model-metadata.ts';
export { SearchOptions, type SearchOptionsInput } from './search/options.ts';
export {
  planSearch,
  reportRun,
  resumeSearch,
  type SearchResult,
  search,
} from './search/search.ts';
// space
export { networkHash } from './space/canonical.ts';
export {
  type Choice,
  float,
  int,
  oneOf,
  optional,
  repeat,
  type Scalar,
  shared,
  struct,
  subset,
  type ValueOf,
  variant,
} from './space/choice.ts';
export { crossGenomes } from './space/crossover.ts';
export { type Decision, listDecisions } from './space/decisions.ts';
export { defineSpace } from './space/define-space.ts';
export { type EncodingSlot, encodeCategorical, encodeOneHot, encodingSlots } from './space/encoding.ts';
export type { Genome } from './space/genome.ts';
export { type Hyperparameters, hyperparameterSpace, trainingChoices } from './space/hyperparameters.ts';
export { describeGenome, parseGenome, stringifyGenome } from './space/json.ts';
export { mutateGenome } from './space/mutation.ts';
export { PRESETS } from './space/presets/index.ts';
export {
  fromArchString,
  type NasBench201Genome,
  nasBench201,
  toArchString,
} from './space/presets/nasbench201.ts';
export { enumerateGenomes, sampleGenome } from './space/sampling.ts';
export { spaceSize } from './space/size.ts';
export type { SearchSpace } from './space/space.ts';
export type { TrainingChoices } from './space/training-choices.ts';
export { validateGenome } from './space/validation.ts';
// storage
export { openStorage } from './storage/index.ts';
export { createMemoryStorage } from './storage/memory.ts';
export { openSqlite } from './storage/sqlite.ts';
export type { StudyStorage } from './storage/storage.ts';
// strategy
export { STRATEGIES } from './strategy/index.ts';
export type {
  Inspected,
  Observation,
  Proposal,
  RunningTrial,
  SearchFacts,
  Strategy,
  SuggestRequest,
  ZeroCostProxy,
} from './strategy/strategy.ts';
export { type WarmStart, warmStarted } from './strategy/warm-start.ts';
// study
export type { Waiting } from './study/asking.ts';
export type { StudyDefinition } from './study/definition.ts';
export { runStudy } from './study/run-study.ts';
export { type Outcome, openStudy, type Study } from './study/study.ts';
export type { Constraint, CurvePoint, Measures, Objective, Trial } from './study/trial.ts';
// train
export { evaluateModel, evaluateNetwork } from './train/evaluate.ts';
export { type TrainingRequest, trainNetwork } from './train/train.ts';
export * from './training-graph.ts';
