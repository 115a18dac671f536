import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NetworkBuilder, networkBuilder } from '../network/builder.ts';
import type { Network } from '../network/network.ts';
import { createRandom } from '../random.ts';
import { networkHash } from './canonical.ts';

/** The hash of a body on an 8x8 image of 4 channels. */
const hashOf = (body: (b: NetworkBuilder, x: string) => string): string => networkHash(networkOf(body));
function networkOf(body: (b: NetworkBuilder, x: string) => string): Network {
  const b = networkBuilder([4, 8, 8]);
  return b.build([body(b, b.input)]);
}
const conv = (b: NetworkBuilder, x: string, kernel = 3): string => b.conv(x, { out: 4, kernel });

describe('networks that are the same', () => {
  it.each<[string, (b: NetworkBuilder, x: string) => string, (b: NetworkBuilder, x: string) => string]>([
    [
      'inputs of a sum in another order',
      (b, x) => b.add([conv(b, x, 3), conv(b, x, 1)]),
      (b, x) => b.add([conv(b, x, 1), conv(b, x, 3)]),
    ],
    [
      'factors in another order',
      (b, x) => b.multiply(conv(b, x, 3), conv(b, x, 1)),
      (b, x) => b.multiply(conv(b, x, 1), conv(b, x, 3)),
    ],
    [
      'other ids',
      (b, x) => conv(b, x),
      (b, x) => b.scope('elsewhere', () => b.conv(x, { out: 4, kernel: 3, id: 'other' })),
    ],
    [
      'a dead branch',
      (b, x) => conv(b, x),
      (b, x) => {
        conv(b, x, 5);
        return conv(b, x);
      },
    ],
    ['a zero in a sum', (b, x) => conv(b, x), (b, x) => b.add([b.zero(x), conv(b, x)])],
    [
      'a convolution of zero in a sum',
      (b, x) => conv(b, x),
      (b, x) => b.add([conv(b, x), b.activation(conv(b, b.zero(x)), 'relu')]),
    ],
    ['a product with zero in a sum', (_, x) => x, (b, x) => b.add([x, b.multiply(conv(b, x), b.zero(x))])],
    [
      'nested sums',
      (b, x) => b.add([conv(b, x, 1), conv(b, x, 3), x]),
      (b, x) => b.add([b.add([x, conv(b, x, 3)]), conv(b, x, 1)]),
    ],
    [
      'nested concatenations',
      (b, x) => b.concat([x, x, conv(b, x)]),
      (b, x) => b.concat([x, b.concat([x, conv(b, x)])]),
    ],
    ['resizing to the same size', (b, x) => conv(b, x), (b, x) => b.resize(conv(b, x), { size: [8, 8] })],
    ['pooling single pixels', (b, x) => conv(b, x), (b, x) => conv(b, b.averagePool(x, { kernel: 1 }))],
    [
      'the same pooling twice or shared',
      (b, x) => {
        const p = b.averagePool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] });
        return b.add([conv(b, p), conv(b, p, 1)]);
      },
      (b, x) =>
        b.add([
          conv(b, b.averagePool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] })),
          conv(b, b.averagePool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] }), 1),
        ]),
    ],
    ['dropout that drops nothing', (b, x) => conv(b, x), (b, x) => conv(b, b.dropout(x, 0))],
  ])('%s', (_, one, other) => {
    expect(hashOf(one)).toBe(hashOf(other));
  });
});

describe('networks that differ', () => {
  it.each<[string, (b: NetworkBuilder, x: string) => string, (b: NetworkBuilder, x: string) => string]>([
    ['an attribute', (b, x) => conv(b, x, 3), (b, x) => conv(b, x, 5)],
    [
      'two branches of equal structure, or one',
      (b, x) => b.add([conv(b, x), conv(b, x)]),
      (b, x) => conv(b, x),
    ],
    [
      'two branches of equal structure, or one used twice',
      (b, x) => b.add([conv(b, x), conv(b, x)]),
      (b, x) => {
        const y = conv(b, x);
        return b.add([y, y]);
      },
    ],
    [
      'a shared first layer, or two of equal structure',
      (b, x) => {
        const y = conv(b, x);
        return b.add([conv(b, y), conv(b, y)]);
      },
      (b, x) => b.add([conv(b, conv(b, x)), conv(b, conv(b, x))]),
    ],
    [
      'which of two equal layers is used again',
      (b, x) => {
        const [y, z] = [conv(b, x), conv(b, x)];
        return b.add([conv(b, y, 1), conv(b, z, 5), conv(b, y)]);
      },
      (b, x) => {
        const [y, z] = [conv(b, x), conv(b, x)];
        return b.add([conv(b, y, 1), conv(b, z, 5), conv(b, z)]);
      },
    ],
    [
      'the order of a concatenation',
      (b, x) => b.concat([x, conv(b, x)]),
      (b, x) => b.concat([conv(b, x), x]),
    ],
    ['a normalised zero, which is a learnt shift', (b, x) => b.add([x, b.batchNorm(b.zero(x))]), (_, x) => x],
    [
      'sigmoid of zero, which is one half',
      (b, x) => b.add([x, b.activation(b.zero(x), 'sigmoid')]),
      (_, x) => x,
    ],
    ['the order of layers', (b, x) => conv(b, conv(b, x, 3), 1), (b, x) => conv(b, conv(b, x, 1), 3)],
  ])('%s', (_, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });
});

/** A random network of convolutions, sums and pooling, as instructions. */
const steps = fc.array(
  fc.record({ op: fc.constantFrom('conv', 'pool', 'add', 'zero', 'norm'), a: fc.nat(), b: fc.nat() }),
  { minLength: 1, maxLength: 12 },
);
type Step = { readonly op: string; readonly a: number; readonly b: number };

function randomNetwork(program: readonly Step[]): Network {
  return networkOf((b, x) => {
    const made = [x];
    for (const { op, a, b: second } of program) {
      const [y, z] = [made[a % made.length]!, made[second % made.length]!];
      if (op === 'conv') made.push(conv(b, y, 1 + 2 * (second % 2)));
      else if (op === 'pool') made.push(b.averagePool(y, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] }));
      else if (op === 'zero') made.push(b.zero(y));
      else if (op === 'norm') made.push(b.batchNorm(y));
      else made.push(b.add([y, z]));
    }
    return made.at(-1)!;
  });
}

/** The same network under other names, in another topological order, with commutative inputs turned. */
function disguised(network: Network, seed: number): Network {
  const random = createRandom(seed);
  const placed = new Set(network.inputs.map((input) => input.id));
  const names = new Map(network.nodes.map((node, i) => [node.id, `n${(i * 7919) % 10007}`]));
  const name = (id: string): string => names.get(id) ?? id;
  let waiting = random.shuffle(network.nodes);
  const nodes: Network['nodes'][number][] = [];
  while (waiting.length > 0) {
    const next = waiting.find((node) => node.inputs.every((input) => placed.has(input)))!;
    waiting = random.shuffle(waiting.filter((node) => node !== next));
    placed.add(next.id);
    const inputs = next.inputs.map(name);
    nodes.push({
      ...next,
      id: name(next.id),
      inputs: next.operator.kind === 'add' ? random.shuffle(inputs) : inputs,
    });
  }
  return { ...network, nodes, outputs: network.outputs.map(name) };
}

it('names and order never matter', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (program, seed) => {
      const network = randomNetwork(program);
      expect(networkHash(disguised(network, seed))).toBe(networkHash(network));
    }),
    { numRuns: 200, seed: 1 },
  );
});

it('never changes without its form counting up (study/definition.ts): studies store it', () => {
  const network = networkOf((b, x) => b.add([conv(b, x), b.batchNorm(conv(b, x, 1)), b.zero(x)]));
  expect(networkHash(network)).toMatchInlineSnapshot(
    `"0fce54c1d397789c5cfcfa206850b02ee32aafd57b5a913de945e888ebeb15aa"`,
  );
});
