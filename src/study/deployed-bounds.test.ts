import { expect, test } from 'vitest';
import { repVgg } from '../network/blocks/rep-vgg.ts';
import { networkBuilder } from '../network/builder.ts';
import { networkCost } from '../network/cost.ts';
import { deployedCost } from '../network/deployed-cost.ts';
import { oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { createCandidates } from './candidates.ts';

const space = defineSpace({
  name: 'branches',
  description: 'One RepVGG block.',
  choices: struct({ width: oneOf([4, 8]) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = repVgg(b, b.input, { out: width, stride: 1, activation: 'relu' });
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
});
const io = { inputShape: [3, 8, 8] as const, outputs: 2 };

test('bounds judge the network as it is deployed, the bound of the time as it trains', () => {
  const network = space.build({ width: 8 }, io);
  const [deployed, trained] = [deployedCost(network), networkCost(network)];
  const excess = (measure: string, max: number): number =>
    createCandidates(space, io, [{ measure, max }]).of({ width: 8 })!.excess;
  expect(excess('macs', deployed.macs)).toBe(0);
  expect(excess('params', deployed.params)).toBe(0);
  expect(excess('macs', deployed.macs - 1)).toBeGreaterThan(0);
  expect(excess('trainingMacs', trained.macs)).toBe(0);
  expect(excess('trainingMacs', trained.macs - 1)).toBeGreaterThan(0);
});
