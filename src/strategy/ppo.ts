import { ascend, logProbability } from './controller.ts';
import { policyStrategy } from './policy-gradient.ts';

const RATE = 0.075;
const BATCH = 16;
const PASSES = 4;
const CLIP = 0.2;

/** Proximal policy optimisation (Schulman et al. 2017): batches gone over several times, no further than the clip. */
export const ppo = policyStrategy({
  name: 'ppo',
  description: 'A recurrent controller, learnt in batches with clipped steps (Schulman et al. 2017).',
  learn: (controller, trials) => {
    for (let from = 0; from < trials.length; from += BATCH) {
      const batch = trials.slice(from, from + BATCH);
      const before = batch.map(({ decisions }) => logProbability(controller, decisions));
      for (let pass = 0; pass < PASSES; pass++)
        for (const [i, { decisions, reward }] of batch.entries()) {
          const ratio = Math.exp(logProbability(controller, decisions) - before[i]!);
          if (reward > 0 ? ratio > 1 + CLIP : ratio < 1 - CLIP) continue;
          ascend(controller, decisions, RATE * reward * ratio);
        }
    }
  },
});
