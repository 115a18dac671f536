/** Search spaces drawn at random, with every kind of choice at every place: what nobody thinks of when writing a strategy. */
import { networkBuilder } from '../network/builder.ts';
import { createRandom, type Random } from '../random.ts';
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
} from '../space/choice.ts';
import { listDecisions } from '../space/decisions.ts';
import { defineSpace } from '../space/define-space.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';

const DEPTH = 3;
const NAMES = ['a', 'b', 'c'];
const WIDTHS = 6;

const LEAVES: readonly ((random: Random) => Choice)[] = [
  (random) => oneOf([7, 'two', false].slice(0, 1 + random.int(3))),
  (random) => int(0, random.int(6), { step: 2 }),
  () => subset(['p', 'q', 'r'], { min: 1 }),
  () => subset([1, 2, 3], { min: 2, max: 2 }),
  () => float(0.5, 2),
  () => float(1e-3, 1, { log: true }),
  () => shared('red', oneOf(['a', 'b', 'c'])),
  () => shared('blue', struct({ x: optional(int(0, 2)) })),
];
const BRANCHES: readonly ((inner: () => Choice, random: Random) => Choice)[] = [
  (inner) => {
    const choice = inner();
    return choice.kind === 'optional' ? choice : optional(choice);
  },
  (inner, random) => {
    const [min, max] = random.pick([
      [0, 2],
      [1, 1],
      [1, 3],
      [0, 0],
    ] as const);
    return repeat(inner(), min, max);
  },
  (inner, random) => struct(named(1 + random.int(3), inner)),
  (inner, random) => variant(named(1 + random.int(3), inner)),
];

const named = (count: number, inner: () => Choice): Record<string, Choice> =>
  Object.fromEntries(NAMES.slice(0, count).map((name) => [name, inner()]));

function tree(random: Random, depth: number): Choice {
  if (depth === DEPTH || random.next() < 0.3) return random.pick(LEAVES)(random);
  return random.pick(BRANCHES)(() => tree(random, depth + 1), random);
}

/**
 * The space of a seed. Its networks have a layer for each decision, as wide as the decision's outcome says; some genomes
 * build the same network, and where nothing is to be decided there is one network only.
 */
export function randomSpace(seed: number): SearchSpace {
  const random = createRandom('random space').split(seed);
  const root = struct(named(1 + random.int(3), () => tree(random, 1)));
  return defineSpace<Choice>({
    name: `random-${seed}`,
    description: 'A random space.',
    choices: root,
    build: (genome, io) => {
      const b = networkBuilder(io.inputShape);
      let x = b.flatten(b.input);
      for (const { path, choice, value } of listDecisions({ root }, genome as Genome))
        x =
          choice.kind === 'float'
            ? b.dropout(x, 0.1 + (0.8 * ((value as number) - choice.lo)) / (choice.hi - choice.lo))
            : b.linear(x, { out: 1 + createRandom(`${path} ${JSON.stringify(value)}`).int(WIDTHS) });
      return b.build([b.linear(x, { out: io.outputs })]);
    },
  });
}
