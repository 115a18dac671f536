/**
 * Measures in a child process, one model after another. The process is replaced when a model has ended it, and where memory
 * is asked for: what earlier models have left behind would be taken first and not be seen.
 */
import { type MeasureProcess, startMeasureProcess } from '../device/measure-process.ts';
import { describeHere } from '../device/remote/measure-here.ts';
import { limitSeconds, type Measurer, problem } from './measurer.ts';

/** @param maxModelBytes as said of the device; who takes the models enforces it */
export function createProcessMeasurer(maxModelBytes: number): Measurer {
  let worker: MeasureProcess | null = null;
  let used = false;

  const obtain = async (fresh: boolean): Promise<MeasureProcess> => {
    if (worker?.alive() && !(fresh && used)) return worker;
    await worker?.kill();
    used = false;
    worker = startMeasureProcess();
    return worker;
  };

  return {
    describe: () => describeHere(maxModelBytes),
    measure: async (model, parameters, signal) => {
      const measuring = await obtain(parameters.memory);
      used = true;
      const answer = await measuring.ask({ model, parameters }, limitSeconds(parameters), signal);
      return 'reason' in answer
        ? problem(
            'DEVICE_ANSWER',
            answer.reason,
            'Try a smaller model, or look at it with `espalier inspect`.',
          )
        : answer;
    },
    // Between measurements it is idle, and in one nobody waits for it any more.
    close: async () => worker?.kill(),
  };
}
