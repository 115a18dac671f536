import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { createRandom } from '../random.ts';
import { int, oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { PRESETS } from '../space/presets/index.ts';
import { enumerateGenomes } from '../space/sampling.ts';
import type { SearchSpace } from '../space/space.ts';
import { createCandidates } from '../study/candidates.ts';
import type { Constraint } from '../study/trial.ts';
import { simplest } from './simplest.ts';

const IO = { inputShape: [3, 16, 16], outputs: 4 } as const;

function requestOf(space: SearchSpace, constraints: readonly Constraint[] = [], listed = true) {
  const candidates = createCandidates(space, IO, constraints);
  return {
    space,
    history: [],
    running: [],
    objectives: 2,
    fidelities: [1],
    proxies: [],
    random: createRandom('simplest'),
    accept: candidates.accept,
    inspect: candidates.of,
    listed: listed ? candidates.listed : () => null,
    draw: candidates.draw,
  };
}

test('of the cells of NAS-Bench-201 it is the one that hands its input on, not one that drops it', () => {
  const cheap = [...enumerateGenomes(PRESETS.nasbench201)].filter(
    (genome) => !JSON.stringify(genome).includes('conv'),
  );
  const request = { ...requestOf(PRESETS.nasbench201), listed: () => cheap };
  const found = simplest(request) as Readonly<Record<string, string>>;
  // Other cells build the same network, with branches that lead nowhere.
  const { edge03, ...others } = found;
  expect(edge03).toBe('skip_connect');
  expect(new Set(Object.values(others))).toEqual(new Set(['none']));
});

const layers = defineSpace({
  name: 'layers',
  description: 'Some layers of some width.',
  choices: struct({ depth: int(1, 6), width: int(2, 200), activation: oneOf(['relu', 'none']) }),
  build: ({ depth, width, activation }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.flatten(b.input);
    for (let i = 0; i < depth; i++) {
      x = b.linear(x, { out: width });
      if (activation === 'relu') x = b.activation(x, 'relu');
    }
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

test('it has the least of everything', () => {
  expect(simplest(requestOf(layers))).toEqual({ depth: 1, width: 2, activation: 'none' });
});

test('where there is no list, a descent comes near it', () => {
  const found = simplest(requestOf(layers, [], false)) as { depth: number; width: number };
  expect(found.depth).toBe(1);
  expect(found.width).toBeLessThan(12);
});

test('it is within the bounds, and null where nothing is', () => {
  const proposed = requestOf(layers);
  expect(
    simplest({ ...proposed, accept: (genome) => (genome as { width: number }).width > 50 }),
  ).toMatchObject({
    width: 51,
    depth: 1,
  });
  expect(simplest(requestOf(layers, [{ measure: 'params', max: 10 }]))).toBeNull();
});
