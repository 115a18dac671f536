import { describe, expect, it } from 'vitest';
import { EspalierError } from '../../errors.ts';
import { networkShapes } from '../../network/rules/shape.ts';
import { createRandom } from '../../random.ts';
import { networkHash } from '../canonical.ts';
import type { Genome } from '../genome.ts';
import { mutateGenome } from '../mutation.ts';
import { sampleNetwork } from '../sample-network.ts';
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
          const { network } = sampleNetwork(space, random, { inputShape, outputs: 7 }, over);
          expect(networkShapes(network).get(network.outputs[0]!)).toEqual([7]);
        }
  });

  it('builds the same network for the same genome, and soon another for its mutants', () => {
    const random = createRandom(`${name} hash`);
    const io = { inputShape: [3, 32, 32], outputs: 10 } as const;
    const hashOf = (genome: Genome): string => {
      try {
        return networkHash(space.build(genome, io));
      } catch (error) {
        expect(error).toBeInstanceOf(EspalierError);
        return '';
      }
    };
    for (let i = 0; i < 10; i++) {
      const { genome, network } = sampleNetwork(space, random, io);
      expect(space.build(genome, io)).toEqual(network);
      // Decisions on parts that are left out change nothing: it may take several steps.
      const own = networkHash(network);
      let mutant = genome;
      let steps = 0;
      do {
        mutant = mutateGenome(space, mutant, random);
        validateGenome(space, mutant);
      } while (++steps < 40 && ['', own].includes(hashOf(mutant)));
      expect(steps).toBeLessThan(40);
    }
  });
});
