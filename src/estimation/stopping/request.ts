/** What a trial is told of earlier ones. */
import { deviceOf } from '../../device/remote/measure-name.ts';
import type { Trial } from '../../study/trial.ts';
import type { StopRequest } from './index.ts';

/** Measures that a candidate has before it is trained. */
const BEFORE_TRAINING: ReadonlySet<string> = new Set([
  'params',
  'macs',
  'memoryBytes',
  'sizeBytes',
  'latencyMs',
  'latencyLowMs',
  'latencyHighMs',
  'int8LatencyMs',
  'int8SizeBytes',
  'peakMemoryBytes',
]);

interface StudySoFar {
  readonly definition: {
    readonly objectives: StopRequest['costs'];
    readonly parallelism: number;
  };
  trials(): readonly Trial[];
}

/**
 * The same for the same study, whenever and in whatever order its workers finish: trial n learns of the trials up to
 * n − parallelism, as its suggestion did.
 */
export function stopRequest(rule: string, trial: Trial, { definition, trials }: StudySoFar): StopRequest {
  const { objectives, parallelism } = definition;
  return {
    rule,
    earlier: trials()
      .slice(0, Math.max(0, trial.number - parallelism + 1))
      .filter(({ state, fidelity }) => state === 'complete' && fidelity === trial.fidelity)
      .map(({ curve, measures }) => ({ curve: curve.map(({ valAccuracy }) => valAccuracy), measures })),
    costs: objectives.filter(({ measure }) => BEFORE_TRAINING.has(deviceOf(measure).measure)),
  };
}
