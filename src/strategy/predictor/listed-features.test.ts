import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { networkBuilder } from '../../network/builder.ts';
import { networkCost } from '../../network/cost.ts';
import { networkHash } from '../../space/canonical.ts';
import { oneOf, struct } from '../../space/choice.ts';
import { defineSpace } from '../../space/define-space.ts';
import type { Genome } from '../../space/genome.ts';
import { enumerateGenomes } from '../../space/sampling.ts';
import { listing, rowIn } from './listed-features.ts';

let builds = 0;
/** 1,440 genomes; the dropout of rate 0 and the unused `spare` make equal networks. */
const space = defineSpace({
  name: 'listed',
  description: 'Widths, a rate and a choice that does nothing.',
  choices: struct({
    first: oneOf(Array.from({ length: 12 }, (_, i) => i + 1)),
    second: oneOf(Array.from({ length: 12 }, (_, i) => i + 1)),
    rate: oneOf([0, 0.5]),
    spare: oneOf(['a', 'b', 'c', 'd', 'e']),
  }),
  build: ({ first, second, rate }, io) => {
    builds++;
    const b = networkBuilder(io.inputShape);
    const x = b.dropout(b.linear(b.flatten(b.input), { out: first }), rate);
    return b.build([b.linear(b.linear(x, { out: second }), { out: io.outputs })]);
  },
});
const genomes = (): Genome[] => [...enumerateGenomes(space)];
const source = () => ({
  space,
  proxies: [],
  inspect: (genome: Genome) => {
    const network = space.build(genome, { inputShape: [1, 2, 2], outputs: 2 });
    return { hash: networkHash(network), network, measures: { ...networkCost(network) } };
  },
});

let folder = '';
const before = process.env.XDG_CACHE_HOME;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-features-'));
  process.env.XDG_CACHE_HOME = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(folder, { recursive: true, force: true });
});
const files = (): string[] => readdirSync(join(folder, 'espalier', 'features'));

test('one row for each network, found by any genome that builds it', () => {
  const all = genomes();
  const list = listing(source(), all);
  expect(list.matrix.rows).toBe(288);
  expect(list.members.every((places) => places.length === 5)).toBe(true);
  const [a, b] = [all[0]!, { ...(all[0] as object), spare: 'e' } as Genome];
  expect(rowIn(list, source(), a)).toBe(rowIn(list, source(), b));
  // Also one that the list does not hold.
  const some = listing(
    source(),
    all.filter((genome) => (genome as { spare: string }).spare !== 'e'),
  );
  expect(rowIn(some, source(), b)).toBe(rowIn(some, source(), a));
});

test('plainer networks come first, and of genomes that build one network the one without dead branches', () => {
  const branched = defineSpace({
    name: 'branched',
    description: 'Layers beside a branch that leads nowhere, one that is left out, or none.',
    choices: struct({ width: oneOf([2, 1]), branch: oneOf(['dead', 'zero', 'no']) }),
    build: ({ width, branch }, io) => {
      const b = networkBuilder(io.inputShape);
      if (branch === 'dead') b.activation(b.input, 'relu');
      if (branch === 'zero') b.add([b.zero(b.input), b.zero(b.input)]);
      return b.build([b.linear(b.linear(b.flatten(b.input), { out: width }), { out: io.outputs })]);
    },
  });
  const inspect = (genome: Genome) => {
    const network = branched.build(genome, { inputShape: [1, 2, 2], outputs: 2 });
    return { hash: networkHash(network), network, measures: { ...networkCost(network) } };
  };
  const all = [...enumerateGenomes(branched)];
  const list = listing({ space: branched, proxies: [], inspect }, all);
  const named = (places: Iterable<number>) =>
    Array.from(places, (place) => Object.values(all[place]!).join(' '));
  // Zeros are no work: those two stay in the order of the list.
  const one = ['1 zero', '1 no', '1 dead'];
  const two = ['2 zero', '2 no', '2 dead'];
  expect(named(list.order)).toEqual([...one, ...two]);
  expect(list.members.map(named)).toEqual([two, one]);
});

test('the second process reads what the first wrote, and both have the same', () => {
  const first = listing(source(), genomes());
  expect(files()).toHaveLength(1);
  builds = 0;
  const second = listing(source(), genomes());
  expect(builds).toBeLessThan(100);
  expect(second.matrix).toEqual(first.matrix);
  expect(second.members).toEqual(first.members);
  expect(second.order).toEqual(first.order);
});

test('a file that is not whole, or of another list, is not used', () => {
  const first = listing(source(), genomes());
  const path = join(folder, 'espalier', 'features', files()[0]!);
  truncateSync(path, 5_000);
  expect(listing(source(), genomes()).matrix).toEqual(first.matrix);
  listing(source(), genomes().slice(0, 1_200));
  expect(files()).toHaveLength(2);
});

test('where no file can be written there is none', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  process.env.XDG_CACHE_HOME = file;
  expect(listing(source(), genomes()).matrix.rows).toBe(288);
});
