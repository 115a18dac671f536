import { describe, expect, it } from 'vitest';
import { networkShapes } from '../../network/rules/shape.ts';
import { createRandom } from '../../random.ts';
import { networkHash } from '../canonical.ts';
import { mutateGenome } from '../mutation.ts';
import { sampleGenome } from '../sampling.ts';
import { validateGenome } from '../validation.ts';
import { PRESETS } from './index.ts';

const INPUTS = [
  [1, 8, 8],
  [1, 28, 28],
  [3, 32, 32],
  [3, 9, 37],
  [3, 65, 65],
  [3, 97, 64],
  [3, 256, 256],
] as const;

describe.each(Object.entries(PRESETS))('preset %s', (name, space) => {
  it('is named as in the table and says what it is', () => {
    expect(space.name).toBe(name);
    expect(space.description).toMatch(/\d{4}\)\.?/); // cites its papers
  });

  it('names only members of its own as references', () => {
    const hashes = (space.references ?? []).map((genome) => {
      validateGenome(space, genome);
      return networkHash(space.build(genome, { inputShape: [3, 32, 32], outputs: 10 }));
    });
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('builds random genomes for any input', () => {
    const random = createRandom(name);
    for (let i = 0; i < 6; i++)
      for (const inputShape of INPUTS)
        for (const over of ['genomes', 'decisions'] as const) {
          const genome = sampleGenome(space, random, over);
          const network = space.build(genome, { inputShape, outputs: 7 });
          expect(networkShapes(network).get(network.outputs[0]!)).toEqual([7]);
        }
  });

  it('builds the same network for the same genome, and mostly another for a mutant', () => {
    const random = createRandom(`${name} hash`);
    const io = { inputShape: [3, 32, 32], outputs: 10 } as const;
    let differing = 0;
    for (let i = 0; i < 10; i++) {
      const genome = sampleGenome(space, random);
      expect(space.build(genome, io)).toEqual(space.build(genome, io));
      const mutant = mutateGenome(space, genome, random);
      if (networkHash(space.build(mutant, io)) !== networkHash(space.build(genome, io))) differing++;
    }
    expect(differing).toBeGreaterThanOrEqual(6);
  });
});
