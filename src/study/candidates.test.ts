import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { createRandom } from '../random.ts';
import { float, oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { PRESETS } from '../space/presets/index.ts';
import { createCandidates } from './candidates.ts';

const io = { inputShape: [1, 4, 4], outputs: 2 } as const;
let built = 0;
/** Both values of `same` build one network. */
const space = defineSpace({
  name: 'twins',
  description: 'Pairs of genomes that are one network.',
  choices: struct({ width: oneOf([1, 2, 3, 4]), same: oneOf(['a', 'b']) }),
  build: ({ width }, { inputShape, outputs }) => {
    built++;
    const b = networkBuilder(inputShape);
    return b.build([b.linear(b.linear(b.flatten(b.input), { out: width }), { out: outputs })]);
  },
});
const trained = defineSpace({
  name: 'rates',
  description: 'One network at many rates.',
  choices: struct({ rate: float(0.1, 1) }),
  build: (_, { inputShape, outputs }) => {
    const b = networkBuilder(inputShape);
    return b.build([b.linear(b.flatten(b.input), { out: outputs })]);
  },
  training: ({ rate }) => ({ learningRate: rate }),
});

test('the list holds each network once, within the bounds, proposed or not', async () => {
  const candidates = createCandidates(space, io, [{ measure: 'params', max: 16 * 3 + 3 + 3 * 2 + 2 }]);
  await candidates.list();
  const listed = candidates.listed()!;
  expect(listed.map((genome) => (genome as { width: number }).width)).toEqual([1, 2, 3]);
  candidates.propose(candidates.of(listed[0]!)!.hash);
  expect(candidates.listed()).toBe(listed);
  expect(listed.map(candidates.accept)).toEqual([false, true, true]);
  expect(candidates.accept({ width: 1, same: 'b' })).toBe(false);
  expect(candidates.nearest()).toMatchObject({ params: 16 * 4 + 4 + 4 * 2 + 2 });
});

test('going through the list again builds nothing', () => {
  const candidates = createCandidates(space, io, []);
  const listed = candidates.listed()!;
  const before = built;
  for (let i = 0; i < 3; i++) expect(listed.every(candidates.accept)).toBe(true);
  expect(listed.map((genome) => candidates.of(genome)!.hash).length).toBe(4);
  expect(built).toBe(before);
  expect(candidates.of(listed[2]!)!.network.nodes.length).toBe(3);
});

test('one network trained in two ways is two candidates, and trained alike is one', () => {
  const candidates = createCandidates(trained, io, []);
  const [slow, fast] = [candidates.of({ rate: 0.2 })!, candidates.of({ rate: 0.4 })!];
  expect(slow.networkHash).toBe(fast.networkHash);
  expect(slow.hash).not.toBe(fast.hash);
  expect(slow.training).toEqual({ learningRate: 0.2 });
  candidates.propose(slow.hash);
  expect(candidates.accept({ rate: 0.2 })).toBe(false);
  expect(candidates.accept({ rate: 0.4 })).toBe(true);
  expect(candidates.draw(createRandom(1))).not.toBeNull();
  expect(candidates.listed()).toBeNull();
});

/** Two branches of which either may be a zero. */
const branches = defineSpace({
  name: 'branches',
  description: 'A sum of two branches.',
  choices: struct({ left: oneOf(['pass', 'none']), right: oneOf(['pool', 'none']) }),
  build: ({ left, right }, { inputShape, outputs }) => {
    const b = networkBuilder(inputShape);
    const first = left === 'none' ? b.zero(b.input) : b.input;
    const second =
      right === 'none'
        ? b.zero(b.input)
        : b.maxPool(b.input, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] });
    return b.build([b.linear(b.flatten(b.add([first, second])), { out: outputs })]);
  },
});

test('a network whose output does not depend on its input is no candidate', () => {
  const candidates = createCandidates(branches, io, []);
  expect(candidates.of({ left: 'none', right: 'none' })).toBeNull();
  expect(candidates.accept({ left: 'none', right: 'none' })).toBe(false);
  expect(candidates.accept({ left: 'none', right: 'pool' })).toBe(true);
  expect(candidates.listed()).toHaveLength(3);
  expect(candidates.refusal()).toMatch(/no way leads from its input/);
  const random = createRandom('draws');
  for (let i = 0; i < 40; i++)
    expect(candidates.draw(random.split(i))).not.toEqual({ left: 'none', right: 'none' });
});

test('of the cells of NAS-Bench-201 those without a way through are refused, whatever hides behind them', () => {
  const candidates = createCandidates(PRESETS.nasbench201, { inputShape: [3, 16, 16], outputs: 4 }, []);
  const cell = (alive: Readonly<Record<string, string>>) => ({
    ...Object.fromEntries(
      ['edge01', 'edge02', 'edge12', 'edge03', 'edge13', 'edge23'].map((e) => [e, 'none']),
    ),
    ...alive,
  });
  const dead = { edge01: 'nor_conv_3x3', edge02: 'nor_conv_3x3', edge12: 'skip_connect' };
  expect(candidates.accept(cell(dead))).toBe(false);
  expect(candidates.accept(cell({ edge13: 'nor_conv_3x3', edge23: 'skip_connect' }))).toBe(false);
  expect(candidates.accept(cell({ ...dead, edge23: 'skip_connect' }))).toBe(true);
});
