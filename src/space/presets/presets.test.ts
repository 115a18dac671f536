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
      // Where choices of left out parts change nothing, it takes more than one.
      const differs = (): boolean => {
        const mutant = mutateGenome(space, genome, random);
        validateGenome(space, mutant);
        return !['', networkHash(network)].includes(hashOf(mutant));
      };
      expect(Array.from({ length: 30 }).some(differs)).toBe(true);
    }
  });
});
