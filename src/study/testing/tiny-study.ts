/** A study whose trials cost nothing: one hidden layer, and a made-up accuracy with its optimum inside the space. */
import { networkBuilder } from '../../network/builder.ts';
import { int, oneOf, struct } from '../../space/choice.ts';
import { defineSpace } from '../../space/define-space.ts';
import { STRATEGIES } from '../../strategy/index.ts';
import type { Strategy } from '../../strategy/strategy.ts';
import type { StudyDefinition } from '../definition.ts';
import type { Asked, Outcome } from '../study.ts';

/** 120 networks. */
const space = defineSpace({
  name: 'tiny',
  description: 'One hidden layer.',
  choices: struct({ hidden: int(1, 40), activation: oneOf(['relu', 'tanh', 'silu']) }),
  build: ({ hidden, activation }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.activation(b.linear(b.flatten(b.input), { out: hidden }), activation);
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

export const definition = (
  parallelism: number,
  strategy: Strategy = STRATEGIES.evolution,
): StudyDefinition => ({
  space,
  io: { inputShape: [1, 4, 4], outputs: 3 },
  strategy,
  objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
  constraints: [],
  seed: 'study-test',
  parallelism,
});

/** The best has 23 hidden units and tanh; every thirteenth size fails. */
export function score({ trial }: Asked): Outcome {
  const { hidden, activation } = trial.genome as { hidden: number; activation: string };
  if (hidden % 13 === 0) return { state: 'failed', measures: {}, curve: [], reason: 'made to fail' };
  const valAccuracy = 1 - Math.abs(hidden - 23) / 40 - (activation === 'tanh' ? 0 : 0.1);
  return { state: 'complete', measures: { valAccuracy }, curve: [], reason: null };
}

/** What must be equal however a study was run: everything but times. */
export const table = (trials: readonly Asked['trial'][]): unknown =>
  trials.map(({ startedAt: _started, endedAt: _ended, ...rest }) => rest);

/** Resolves after so many turns of the event loop. */
export const pause = (turns: number): Promise<void> =>
  new Promise((resolve) => {
    const tick = (left: number): void => void (left === 0 ? resolve() : setImmediate(() => tick(left - 1)));
    tick(turns);
  });

/** A signal that never comes. */
export const forever = new AbortController().signal;
