import { ascend } from './controller.ts';
import { policyStrategy } from './policy-gradient.ts';

const RATE = 0.15;

/** REINFORCE (Williams 1992; for architectures Zoph & Le 2017) with a recurrent controller, one step for each trial. */
export const reinforce = policyStrategy({
  name: 'reinforce',
  description:
    'A recurrent controller decides one choice after another and learns from rewards (Williams 1992; Zoph & Le 2017).',
  learn: (controller, trials) => {
    for (const { decisions, reward } of trials) ascend(controller, decisions, RATE * reward);
  },
});
