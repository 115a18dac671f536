/** Properties of the recursions over choice trees, on random small trees with tied choices. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import {
  type Choice,
  float,
  int,
  oneOf,
  optional,
  repeat,
  shared,
  struct,
  subset,
  variant,
} from './choice.ts';
import { crossGenomes } from './crossover.ts';
import { listDecisions } from './decisions.ts';
import { encodeCategorical, encodeOneHot, encodingSlots } from './encoding.ts';
import type { Genome } from './genome.ts';
import { parseGenome, stringifyGenome } from './json.ts';
import { mutateGenome } from './mutation.ts';
import { enumerateGenomes, sampleGenome } from './sampling.ts';
import { spaceSize } from './size.ts';
import { validateGenome } from './validation.ts';

const TIED = { red: oneOf(['a', 'b', 'c']), blue: struct({ x: optional(int(0, 2)) }), green: oneOf([true]) };

/** Trees with every kind of choice but floats, so that they can be listed. */
const { tree } = fc.letrec<{ tree: Choice; leaf: Choice }>((tie) => ({
  leaf: fc.oneof(
    fc.integer({ min: 1, max: 3 }).map((n) => oneOf([7, 'two', false].slice(0, n))),
    fc.integer({ min: 0, max: 5 }).map((hi) => int(0, hi, { step: 2 })),
    fc.constantFrom(subset(['p', 'q', 'r'], { min: 1 }), subset([1, 2, 3], { min: 2, max: 2 })),
    fc.constantFrom<Choice>(shared('red', TIED.red), shared('blue', TIED.blue), shared('green', TIED.green)),
  ),
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    tie('tree').map((inner) => (inner.kind === 'optional' ? inner : optional(inner))),
    fc
      .tuple(tie('tree'), fc.constantFrom([0, 2], [1, 1], [1, 2], [0, 0]))
      .map(([c, [a, b]]) => repeat(c, a!, b!)),
    fc.array(tie('tree'), { maxLength: 3 }).map((fields) => struct(named(fields))),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((options) => variant(named(options))),
  ),
}));
const named = (parts: readonly Choice[]): Record<string, Choice> =>
  Object.fromEntries(parts.map((part, i) => ['abc'[i]!, part]));

const LARGEST = 1500n;
const smallSpace = tree
  .map((root) => ({ name: 'random', root }))
  .filter((space) => spaceSize(space)! <= LARGEST);

/** Every genome by the definition of the choices alone: all parts independent, then those whose ties agree. */
function listByDefinition(root: Choice): Genome[] {
  const all = (choice: Choice): Genome[] => {
    switch (choice.kind) {
      case 'oneOf':
        return [...choice.values];
      case 'int':
        return Array.from({ length: 99 }, (_, i) => choice.lo + i * choice.step).filter(
          (v) => v <= choice.hi,
        );
      case 'optional':
        return [null, ...all(choice.choice)];
      case 'repeat':
        return Array.from({ length: choice.max - choice.min + 1 }, (_, i) =>
          tuples(new Array<Choice>(choice.min + i).fill(choice.choice)),
        ).flat();
      case 'subset':
        return Array.from({ length: 2 ** choice.items.length }, (_, bits) =>
          choice.items.filter((_item, i) => (bits >> i) & 1),
        ).filter((items) => items.length >= choice.min && items.length <= choice.max);
      case 'struct':
        return tuples(Object.values(choice.fields)).map((values) =>
          Object.fromEntries(Object.keys(choice.fields).map((name, i) => [name, values[i]!])),
        );
      case 'variant':
        return Object.entries(choice.options).flatMap(([kind, option]) =>
          all(option).map((inner) =>
            option.kind === 'struct' ? { kind, ...(inner as object) } : { kind, value: inner },
          ),
        );
      case 'shared':
        return all(choice.choice);
      default:
        throw new Error('not listed');
    }
  };
  const tuples = (choices: readonly Choice[]): Genome[][] =>
    choices.reduce<Genome[][]>(
      (heads, choice) => heads.flatMap((head) => all(choice).map((value) => [...head, value])),
      [[]],
    );
  return all(root).filter((genome) => {
    try {
      validateGenome({ name: 'random', root }, genome);
      return true;
    } catch {
      return false; // ties that disagree
    }
  });
}

describe('counting and listing', () => {
  it('the size is the number of distinct genomes, and they are those that the definition allows', () => {
    fc.assert(
      fc.property(smallSpace, (space) => {
        const listed = [...enumerateGenomes(space)].map((genome) => stringifyGenome(space, genome));
        expect(BigInt(new Set(listed).size)).toBe(spaceSize(space));
        expect(listed.length).toBe(new Set(listed).size);
        const withoutTies = listTooLarge(space.root) ? null : listByDefinition(space.root);
        if (withoutTies) expect(new Set(withoutTies.map((g) => JSON.stringify(g)))).toEqual(new Set(listed));
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  /** Without its ties a tree may be far larger than with them. */
  function listTooLarge(root: Choice): boolean {
    const untie = (choice: Choice): Choice => {
      switch (choice.kind) {
        case 'shared':
          return choice.choice;
        case 'optional':
        case 'repeat':
          return { ...choice, choice: untie(choice.choice) };
        case 'struct':
          return struct(Object.fromEntries(Object.entries(choice.fields).map(([n, c]) => [n, untie(c)])));
        case 'variant':
          return variant(Object.fromEntries(Object.entries(choice.options).map(([n, c]) => [n, untie(c)])));
        default:
          return choice;
      }
    };
    return spaceSize({ root: untie(root) })! > 20000n;
  }

  it('counts large spaces exactly and floats as infinite', () => {
    const layers = repeat(struct({ kernel: oneOf([3, 5, 7]), width: int(8, 256, { step: 8 }) }), 0, 40);
    const expected = Array.from({ length: 41 }, (_, n) => 96n ** BigInt(n)).reduce((a, b) => a + b);
    expect(spaceSize({ root: layers })).toBe(expected);
    const infinite = { name: 'infinite', root: struct({ layers, rate: float(0, 1) }) };
    expect(spaceSize(infinite)).toBeNull();
    expect(() => enumerateGenomes(infinite).next()).toThrow(/cannot be listed/);
  });
});

describe('sampling', () => {
  it('gives valid genomes both ways', () => {
    fc.assert(
      fc.property(
        tree,
        fc.integer(),
        fc.constantFrom('genomes' as const, 'decisions' as const),
        (root, seed, over) => {
          const space = { name: 'random', root };
          validateGenome(space, sampleGenome(space, createRandom(seed), over));
        },
      ),
      { numRuns: 300, seed: 2 },
    );
  });

  const uneven = {
    name: 'uneven',
    root: struct({
      part: variant({
        small: struct({}),
        tied: shared('red', oneOf([1, 2])),
        large: subset(['a', 'b', 'c']),
      }),
      again: optional(shared('red', oneOf([1, 2]))),
    }),
  };
  const frequencies = (over: 'genomes' | 'decisions', draws: number): Map<string, number> => {
    const random = createRandom('frequencies');
    const found = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const text = stringifyGenome(uneven, sampleGenome(uneven, random, over));
      found.set(text, (found.get(text) ?? 0) + 1);
    }
    return found;
  };

  it('over genomes, every genome is equally likely, ties included', () => {
    // small: 1 + 2, tied: 2 + 2, large: 8 + 16
    expect(spaceSize(uneven)).toBe(31n);
    const found = frequencies('genomes', 6200);
    const chiSquared = [...found.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0);
    expect(found.size).toBe(31);
    expect(chiSquared).toBeLessThan(59.7); // 99.9 % quantile for 30 degrees of freedom
  });

  it('over decisions, every alternative is equally likely', () => {
    const byKind = { small: 0, tied: 0, large: 0 };
    for (const [text, n] of frequencies('decisions', 6000))
      byKind[(JSON.parse(text) as { part: { kind: keyof typeof byKind } }).part.kind] += n;
    for (const n of Object.values(byKind)) expect(Math.abs(n - 2000)).toBeLessThan(150);
  });

  it('stays in the range of floats, on a logarithmic scale where asked', () => {
    const space = { root: struct({ rate: float(1e-4, 1, { log: true }), share: float(-1, 1) }) };
    const random = createRandom(5);
    const draws = Array.from(
      { length: 2000 },
      () => sampleGenome(space, random) as { rate: number; share: number },
    );
    for (const { rate, share } of draws) {
      expect(rate >= 1e-4 && rate <= 1).toBe(true);
      expect(share >= -1 && share <= 1).toBe(true);
    }
    expect(Math.abs(draws.filter(({ rate }) => rate < 1e-2).length - 1000)).toBeLessThan(120);
  });

  it('never changes: golden genomes', () => {
    const space = {
      root: struct({
        kernel: oneOf([3, 5, 7]),
        depth: repeat(variant({ skip: struct({}), conv: struct({ width: int(8, 64, { step: 8 }) }) }), 1, 4),
        inputs: subset(['a', 'b', 'c'], { min: 1 }),
        rate: float(0, 1),
        tied: optional(shared('red', oneOf(['x', 'y']))),
      }),
    };
    const random = createRandom(2024);
    const drawn = Array.from({ length: 3 }, () => stringifyGenome(space, sampleGenome(space, random)));
    expect(drawn).toMatchInlineSnapshot(`
      [
        "{"kernel":5,"depth":[{"kind":"conv","width":24},{"kind":"conv","width":40},{"kind":"conv","width":32},{"kind":"skip"}],"inputs":["c"],"rate":0.9379126036074013,"tied":"y"}",
        "{"kernel":3,"depth":[{"kind":"conv","width":40},{"kind":"conv","width":32},{"kind":"conv","width":24},{"kind":"conv","width":64}],"inputs":["a","b"],"rate":0.356409864500165,"tied":"y"}",
        "{"kernel":7,"depth":[{"kind":"conv","width":64},{"kind":"skip"},{"kind":"conv","width":32},{"kind":"conv","width":24}],"inputs":["a"],"rate":0.8750601925421506,"tied":"y"}",
      ]
    `);
    expect(stringifyGenome(space, sampleGenome(space, random, 'decisions'))).toMatchInlineSnapshot(
      `"{"kernel":5,"depth":[{"kind":"skip"}],"inputs":["b"],"rate":0.7795122917741537,"tied":null}"`,
    );
  });
});

/** Decisions by path as text, to compare two genomes. */
function decided(root: Choice, genome: Genome): Map<string, string> {
  return new Map(
    listDecisions({ root }, genome).map(({ path, choice, value }) => {
      if (choice.kind === 'optional') return [path, String(value !== null)];
      if (choice.kind === 'repeat') return [path, String((value as Genome[]).length)];
      if (choice.kind === 'variant') return [path, (value as { kind: string }).kind];
      return [path, JSON.stringify(value)];
    }),
  );
}

describe('mutation', () => {
  it('changes exactly one decision and stays valid', () => {
    fc.assert(
      fc.property(tree, fc.integer(), (root, seed) => {
        const space = { name: 'random', root };
        const random = createRandom(seed);
        const before = sampleGenome(space, random);
        const after = mutateGenome(space, before, random);
        validateGenome(space, after);
        const [old, now] = [decided(root, before), decided(root, after)];
        const changed = [...old].filter(([path, value]) => now.has(path) && now.get(path) !== value);
        expect(changed.length).toBe(old.size === 0 ? 0 : 1);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('reaches every genome of a small space', () => {
    fc.assert(
      fc.property(
        smallSpace.filter((space) => spaceSize(space)! <= 12n),
        (space) => {
          const reached = new Set<string>();
          const random = createRandom(1);
          let genome = sampleGenome(space, random);
          for (let i = 0; i < 1500 && BigInt(reached.size) < spaceSize(space)!; i++) {
            reached.add(stringifyGenome(space, genome));
            genome = mutateGenome(space, genome, random);
          }
          expect(BigInt(reached.size)).toBe(spaceSize(space));
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });

  it('takes several steps at different decisions', () => {
    const root = struct({ a: int(0, 9), b: int(0, 9), c: int(0, 9), d: int(0, 9) });
    const before = { a: 1, b: 2, c: 3, d: 4 };
    const after = mutateGenome({ root }, before, createRandom(9), 3) as typeof before;
    expect(Object.values(after).filter((value, i) => value !== i + 1).length).toBe(3);
  });

  it('keeps what a change does not touch', () => {
    const conv = { width: int(8, 64, { step: 8 }), kernel: oneOf([3, 5]) };
    const root = variant({ one: struct(conv), two: struct({ ...conv, extra: int(0, 9) }) });
    const genome = { kind: 'one', width: 24, kernel: 5 };
    const random = createRandom(1);
    const children = Array.from(
      { length: 50 },
      () => mutateGenome({ root }, genome, random) as typeof genome,
    );
    const switched = children.filter((child) => child.kind === 'two');
    expect(switched.length).toBeGreaterThan(5);
    for (const child of switched) expect(child).toMatchObject({ width: 24, kernel: 5 });
  });
});

describe('crossover', () => {
  it('gives valid children that take every decision from a parent', () => {
    fc.assert(
      fc.property(tree, fc.integer(), (root, seed) => {
        const space = { name: 'random', root };
        const random = createRandom(seed);
        const [mother, father] = [sampleGenome(space, random), sampleGenome(space, random)];
        const child = crossGenomes(space, mother, father, random);
        validateGenome(space, child);
        const [m, f] = [decided(root, mother), decided(root, father)];
        for (const [path, value] of decided(root, child)) expect([m.get(path), f.get(path)]).toContain(value);
        expect(crossGenomes(space, mother, mother, random)).toEqual(mother);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('mixes both parents', () => {
    const root = struct({ a: int(0, 1), b: int(0, 1), c: int(0, 1) });
    const random = createRandom(3);
    const children = Array.from({ length: 200 }, () =>
      JSON.stringify(crossGenomes({ root }, { a: 0, b: 0, c: 0 }, { a: 1, b: 1, c: 1 }, random)),
    );
    expect(new Set(children).size).toBe(8);
  });
});

describe('encodings', () => {
  it('have a fixed length and tell all genomes of a space apart', () => {
    fc.assert(
      fc.property(smallSpace, (space) => {
        const genomes = [...enumerateGenomes(space)];
        for (const encode of [encodeCategorical, encodeOneHot]) {
          const vectors = genomes.map((genome) => encode(space, genome));
          expect(new Set(vectors.map((vector) => vector.length)).size).toBeLessThanOrEqual(1);
          expect(new Set(vectors.map((vector) => vector.join())).size).toBe(genomes.length);
          expect(vectors.every((vector) => vector.every((x) => x >= -1 && x <= 99))).toBe(true);
        }
        const slots = encodingSlots(space);
        expect(new Set(slots.map((slot) => slot.path)).size).toBe(slots.length);
        // A slot is conditional exactly when some genome lacks it.
        for (const [i, slot] of slots.entries())
          expect(genomes.some((genome) => encodeCategorical(space, genome)[i] === -1)).toBe(slot.conditional);
      }),
      { numRuns: 120, seed: 6 },
    );
  });

  it('say what each place means', () => {
    const root = struct({
      kernel: oneOf([3, 5, 7]),
      head: optional(float(1, 100, { log: true })),
      blocks: repeat(variant({ a: struct({ width: int(8, 16, { step: 8 }) }), b: struct({}) }), 0, 2),
    });
    expect(encodingSlots({ root }).map(({ path, conditional }) => path + (conditional ? '*' : ''))).toEqual([
      'kernel',
      'head?',
      'head*',
      'blocks.length',
      'blocks[0].kind*',
      'blocks[0]:a.width*',
      'blocks[1].kind*',
      'blocks[1]:a.width*',
    ]);
    const genome = { kernel: 5, head: 10, blocks: [{ kind: 'a', width: 16 }] };
    expect([...encodeCategorical({ root }, genome)]).toEqual([1, 1, 0.5, 0.5, 0, 1, -1, -1]);
    expect([...encodeOneHot({ root }, genome)]).toEqual([
      0, 1, 0, /* head? */ 0, 1, /* head */ 0.5, 0, /* length */ 0.5, /* [0] */ 1, 0, 0, 1, 0, /* [1] */ 0, 0,
      1, 0, 1,
    ]);
  });
});

describe('JSON', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(tree, fc.integer(), (root, seed) => {
        const space = { name: 'random', root };
        const genome = sampleGenome(space, createRandom(seed));
        expect(parseGenome(space, stringifyGenome(space, genome))).toEqual(genome);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});
