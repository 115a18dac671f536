/** The module that a latency process runs. */
import { type MeasureModelOptions, measureModel } from './measure-model.ts';
import { answerAboutModels } from './model-process.ts';

export interface LatencyJob {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  readonly options: Omit<MeasureModelOptions, 'signal'>;
}

answerAboutModels(({ model, options }: LatencyJob) => measureModel(model, options));
