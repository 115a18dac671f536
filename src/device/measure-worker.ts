/** The module that a measuring process runs. */
import { EspalierError } from '../errors.ts';
import { answerQuestions } from '../process/asked-process.ts';
import { measureHere } from './remote/measure-here.ts';
import type { DeviceMeasurement, DeviceProblem, MeasureParameters } from './remote/wire.ts';

export interface MeasureJob {
  readonly model: Uint8Array;
  readonly parameters: MeasureParameters;
}

const answer = async ({ model, parameters }: MeasureJob): Promise<DeviceMeasurement | DeviceProblem> => {
  try {
    return await measureHere(model, parameters);
  } catch (error) {
    if (error instanceof EspalierError)
      return { error: { code: error.code, message: error.message, hint: error.hint } };
    throw error;
  }
};

answerQuestions(answer);
