import { describe, expect, it } from 'vitest';
import { networkCost } from '../../network/cost.ts';
import type { Genome } from '../genome.ts';
import { spaceSize } from '../size.ts';
import { validateGenome } from '../validation.ts';
import { residual } from './residual.ts';

/** Parameters and million MACs of a body at 3x32x32 with ten classes. */
function cost(body: Genome, stemKernel = 3): { params: number; millionMacs: number } {
  const genome = { activation: 'relu', stemKernel, body };
  validateGenome(residual, genome);
  const { params, macs } = networkCost(residual.build(genome, { inputShape: [3, 32, 32], outputs: 10 }));
  return { params, millionMacs: macs / 1e6 };
}
const wide = (width: number, stages: number, downsample: string, block: string, growth = 2): Genome => ({
  kind: 'wide',
  width,
  stages: new Array(stages).fill({ growth, downsample, block }),
});
const deep = (width: number, block: Genome, depth: number, stages: number, growth = 2): Genome => ({
  kind: 'deep',
  width,
  block,
  depth,
  stages: new Array(stages).fill({ growth, depth: Math.max(depth, 1) }),
});

describe('the residual space', () => {
  it('holds ResNet-20, with its 0.27 million weights and 41 million MACs', () => {
    const { params, millionMacs } = cost(deep(16, { kind: 'residual' }, 3, 2));
    expect(params).toBe(272474); // He et al. 2016, table 6: 0.27M; projections instead of padding add 2,752
    expect(millionMacs).toBeCloseTo(40.8, 1);
  });

  it('holds the ResNet-9 family', () => {
    expect(cost(wide(64, 2, 'maxPool', 'residual')).millionMacs).toBeCloseTo(303.8, 1);
    expect(cost(wide(32, 3, 'maxPool', 'residual')).millionMacs).toBeCloseTo(114.1, 1);
  });

  it('spans about 0.5 to 350 million MACs', () => {
    expect(cost(deep(8, { kind: 'plain', kernel: 3 }, 0, 2, 1.5)).millionMacs).toBeLessThan(0.7);
    expect(cost(wide(64, 3, 'maxPool', 'residual'), 5).millionMacs).toBeLessThan(365);
    expect(cost(deep(32, { kind: 'plain', kernel: 5 }, 3, 3), 5).millionMacs).toBeLessThan(365);
  });

  it('gives both families about half of the genomes', () => {
    const stagesOf = (each: bigint): bigint => each ** 2n + each ** 3n;
    const deepBodies = 3n * 4n * 4n * stagesOf(2n * 3n);
    const wideBodies = 4n * stagesOf(2n * 2n * 4n);
    expect(spaceSize(residual)).toBe(3n * 2n * (deepBodies + wideBodies));
    expect(Number(deepBodies) / Number(deepBodies + wideBodies)).toBeCloseTo(0.45, 1);
  });
});
