import { expect, test } from 'vitest';
import type { Network } from '../network/network.ts';
import { atResolution, fidelityLadder, meanCostShare } from './fidelity.ts';

const network: Network = {
  inputs: [{ id: 'input', shape: [3, 32, 24] }],
  nodes: [
    { id: 'pool', operator: { kind: 'globalAveragePool' }, inputs: ['input'] },
    { id: 'flat', operator: { kind: 'flatten' }, inputs: ['input'] },
    { id: 'both', operator: { kind: 'concat' }, inputs: ['pool', 'flat'] },
  ],
  outputs: ['both'],
};

test('all that read the image read the scaled one; nothing else changes', () => {
  const half = atResolution(network, 0.5);
  expect(half.inputs).toEqual(network.inputs);
  expect(half.outputs).toEqual(['both']);
  expect(half.nodes[0]).toEqual({
    id: 'input.scaled',
    operator: { kind: 'resize', size: [16, 12], mode: 'bilinear' },
    inputs: ['input'],
  });
  expect(half.nodes.slice(1).map((node) => node.inputs)).toEqual([
    ['input.scaled'],
    ['input.scaled'],
    ['pool', 'flat'],
  ]);
});

test('the full share leaves the network alone; images stay at least 8 pixels, or as small as they are', () => {
  expect(atResolution(network, 1)).toBe(network);
  expect(atResolution(network, 0.01).nodes[0]?.operator).toMatchObject({ size: [8, 8] });
  const tiny = { ...network, inputs: [{ id: 'input', shape: [1, 4, 4] }] };
  expect(atResolution(tiny, 0.5).nodes[0]?.operator).toMatchObject({ size: [4, 4] });
});

test('each level of the ladder sees three times the images of the one below', () => {
  expect(fidelityLadder({ epochs: 9, dataShare: 1 }, 3)).toEqual([
    { epochs: 1, dataShare: 1 },
    { epochs: 3, dataShare: 1 },
    { epochs: 9, dataShare: 1 },
  ]);
  const [low, full] = fidelityLadder({ epochs: 1, dataShare: 0.6 }, 2);
  expect(low!.epochs).toBe(1);
  expect(low!.dataShare).toBeCloseTo(0.2, 12);
  expect(full).toEqual({ epochs: 1, dataShare: 0.6 });
  expect(fidelityLadder({ epochs: 4, dataShare: 0.5 }, 1)).toEqual([{ epochs: 4, dataShare: 0.5 }]);
});

test('the mean cost of a trial is that of nine cheap, three middling and one full', () => {
  expect(meanCostShare(1)).toBe(1);
  expect(meanCostShare(3)).toBeCloseTo((9 * (1 / 9) + 3 * (1 / 3) + 1) / 13, 12);
});
