/** Random search without repetition (Bergstra & Bengio 2012; for architectures Li & Talwalkar 2019). */
import type { Strategy } from './strategy.ts';

export const randomSearch: Strategy = {
  name: 'random',
  description: 'Uniform random search without repetition; the baseline that every strategy must beat.',
  suggest: ({ draw, random }) => {
    const genome = draw(random);
    return genome === null ? null : { genome };
  },
};
