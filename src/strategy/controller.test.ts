import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import {
  ascend,
  type Controller,
  chances,
  firstController,
  firstState,
  logProbability,
  nextState,
} from './controller.ts';

const DECISIONS = [
  { slot: 0, outcome: 2 },
  { slot: 1, outcome: 0 },
  { slot: 2, outcome: 1 },
];

/** With preferences, so that no part of the gradient is zero. */
function controller(): Controller {
  const random = createRandom('test');
  const first = firstController([3, 2, 4]);
  return {
    ...first,
    outputs: first.outputs.map(() => random.normal()),
    biases: first.biases.map(() => random.normal()),
  };
}

test('a step goes along the gradient of the log-probability', () => {
  for (const part of ['recurrent', 'embeddings', 'outputs', 'biases'] as const) {
    const start = controller();
    const moved = controller();
    const step = 1e-4;
    ascend(moved, DECISIONS, step);
    for (let i = 0; i < start[part].length; i++) {
      const change = (moved[part][i]! - start[part][i]!) / step;
      const at = (shift: number): number => {
        const probe = controller();
        probe[part][i] = probe[part][i]! + shift;
        return logProbability(probe, DECISIONS);
      };
      const gradient = (at(1e-5) - at(-1e-5)) / 2e-5;
      // Long gradients of the recurrent part are shortened, all by the same factor.
      if (part === 'outputs' || part === 'biases') expect(change).toBeCloseTo(gradient, 5);
      else if (Math.abs(gradient) > 1e-6) expect(Math.sign(change)).toBe(Math.sign(gradient));
    }
  }
});

test('it learns that a decision depends on an earlier one', () => {
  const random = createRandom('xor');
  const policy = firstController([2, 2]);
  for (let i = 0; i < 3000; i++) {
    const [a, b] = [random.int(2), random.int(2)];
    ascend(
      policy,
      [
        { slot: 0, outcome: a },
        { slot: 1, outcome: b },
      ],
      0.1 * (a === b ? 1 : -1),
    );
  }
  const second = (a: number) => chances(policy, 1, nextState(policy, firstState(), 0, a));
  expect(second(0)[0]).toBeGreaterThan(0.8);
  expect(second(1)[1]).toBeGreaterThan(0.8);
});
