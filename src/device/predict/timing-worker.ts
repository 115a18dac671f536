/** The module that a timing process runs. */
import { answerAboutModels } from '../model-process.ts';
import { timeHere } from './time-briefly.ts';

export interface TimingJob {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  readonly threads: number;
}

answerAboutModels(({ model, threads }: TimingJob) => timeHere(model, threads));
