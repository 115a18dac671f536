import { expect, test } from 'vitest';
import { EspalierError } from '../errors.ts';
import { type NetworkBuilder, networkBuilder } from '../network/builder.ts';
import type { Network } from '../network/network.ts';
import { createRandom } from '../random.ts';
import { oneOf, struct } from './choice.ts';
import { defineSpace } from './define-space.ts';
import { sampleNetwork } from './sample-network.ts';

const io = { inputShape: [3, 4, 4], outputs: 5 } as const;
const spaceOf = (build: (b: NetworkBuilder, pools: number) => Network) =>
  defineSpace({
    name: 'mine',
    description: 'One of two depths.',
    choices: struct({ pools: oneOf([0, 9]) }),
    build: ({ pools }, { inputShape }) => build(networkBuilder(inputShape), pools),
  });
const classifier = (b: NetworkBuilder, x: string): Network =>
  b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: 5 })]);
const mistakeOf = (build: (b: NetworkBuilder) => Network): unknown => {
  try {
    return spaceOf(build).build({ pools: 0 }, io);
  } catch (error) {
    return error;
  }
};

test.each<[string, (b: NetworkBuilder) => Network, RegExp]>([
  [
    'throws',
    () => {
      throw new TypeError('boom');
    },
    /^The space "mine" does not build \{"pools":0\}: boom$/,
  ],
  ['returns something else', () => 'input' as unknown as Network, /returns no network$/],
  ['has no output', (b) => b.build([]), /has no output$/],
  [
    'ends with a feature map',
    (b) => b.build([b.conv(b.input, { out: 5, kernel: 3, id: 'last' })]),
    /"last", has the shape \[5, 4, 4\] for an image; 5 classes need \[5\]$/,
  ],
  [
    'has other classes',
    (b) => b.build([b.linear(b.flatten(b.input), { out: 4 })]),
    /shape \[4\].* need \[5\]$/,
  ],
])('a build function that %s is a mistake of the space', (_, build, message) => {
  const error = mistakeOf(build);
  expect(error).toBeInstanceOf(EspalierError);
  expect(error).toMatchObject({ code: 'SPACE_BUILD', message: expect.stringMatching(message) });
});

test('layers that do not fit are no mistake: the genome is passed over', () => {
  const space = spaceOf((b, pools) => {
    let x = b.input;
    for (let i = 0; i < pools; i++) x = b.maxPool(x, { kernel: 2 });
    return classifier(b, x);
  });
  expect(() => space.build({ pools: 9 }, io)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
  for (let seed = 0; seed < 8; seed++)
    expect(sampleNetwork(space, createRandom(seed), io).genome).toEqual({ pools: 0 });
});

test('a mistake is told at once, not drawn around', () => {
  let builds = 0;
  const space = spaceOf(() => {
    builds++;
    throw new Error('boom');
  });
  expect(() => sampleNetwork(space, createRandom(1), io)).toThrow('boom');
  expect(builds).toBe(1);
});
