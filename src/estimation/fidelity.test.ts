import { expect, test } from 'vitest';
import type { Network } from '../network/network.ts';
import { atResolution } from './fidelity.ts';

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
