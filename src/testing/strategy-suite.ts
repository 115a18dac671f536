/** What every search strategy must keep to, whatever it does to find good networks. */
import assert from 'node:assert/strict';
import { createRandom } from '../random.ts';
import { PRESETS } from '../space/presets/index.ts';
import type { SearchSpace } from '../space/space.ts';
import { randomSearch } from '../strategy/random.ts';
import type { Strategy, ZeroCostProxy } from '../strategy/strategy.ts';
import { randomSpace } from './random-space.ts';
import { again, completeWith, drive, type Result } from './strategy-bench.ts';
import { studiesPart } from './strategy-studies.ts';
import { CONTINUOUS, NESTED, ONE_POINT, TRAINED, TWELVE } from './suite-spaces.ts';
import type { TestFunction } from './test-function.ts';

const SPACES: readonly SearchSpace[] = [TWELVE, CONTINUOUS, NESTED, TRAINED];
const IN_ENDLESS_SPACES = 40;

/** All that can become of trials, in turn. NaN must never be learnt from, wherever it came from. */
const MIXED: readonly ((pick: number) => Result)[] = [
  (pick) => completeWith(pick),
  () => ({ state: 'failed', values: null, feasible: false }),
  (pick) => ({ state: 'complete', values: [pick], feasible: false }),
  () => ({ state: 'pruned', values: null, feasible: false }),
  () => completeWith(Number.NaN),
  (pick) => completeWith(-pick * 1e300),
];

/** Two objectives; of the infeasible some were trained, some pruned before. */
const MOSTLY_INFEASIBLE = (number: number, pick: number): Result =>
  number % 5 === 0
    ? { ...completeWith(pick, -pick), violation: 0, margin: -pick }
    : number % 2 === 0
      ? { state: 'complete', values: [pick, 1 - pick], feasible: false, violation: pick, margin: pick }
      : { state: 'pruned', values: null, feasible: false, violation: pick, margin: pick };

/** Scores that say nothing; whoever sorts by them must not lose or repeat a candidate. */
const USELESS: readonly ZeroCostProxy[] = [
  { name: 'constant', score: () => 1 },
  { name: 'never', score: () => Number.NaN },
  { name: 'infinite', score: () => Number.NEGATIVE_INFINITY },
  { name: 'noise', score: (genome) => createRandom(JSON.stringify(genome)).normal() * 1e30, most: 20 },
];

/** Presets whose networks are small enough to be built by the hundred, for images of 8×8 pixels. */
const CHEAP_PRESETS: readonly SearchSpace[] = [
  PRESETS.residual,
  PRESETS.mobile,
  PRESETS.integer,
  PRESETS['nats-size'],
];
const IN_PRESETS = 10;
const RANDOM_SPACES = 20;
const IN_RANDOM_SPACES = 10;

const NONE: readonly (readonly [string, () => Result])[] = [
  ['failed', () => ({ state: 'failed', values: null, feasible: false })],
  ['were pruned', () => ({ state: 'pruned', values: null, feasible: false })],
  ['are infeasible', () => ({ state: 'complete', values: [0.5], feasible: false })],
  ['are equal', () => completeWith(0.5)],
];

/**
 * Registers tests of what every {@link Strategy} must keep to, whatever it does to find good networks: acceptable
 * genomes, none twice, pure in its request, at ease with failed, infeasible and NaN results, bounds, several
 * objectives, useless proxies and parallel studies.
 * @param test of your test runner
 */
export function strategySuite(test: TestFunction, strategy: Strategy): void {
  const { name } = strategy;

  test(`${name}: has a name and a sentence that describes it`, () => {
    assert.match(name, /^[a-z][a-z0-9-]*$/);
    assert.match(strategy.description, /\S.*\.$/);
  });

  for (const space of SPACES)
    test(`${name}: gives valid genomes, none twice, in the space "${space.name}"`, () => {
      const count = space === TWELVE ? 12 : IN_ENDLESS_SPACES;
      assert.equal(drive({ space, strategy }, count).genomes.length, count);
    });

  test(`${name}: answers the same request alike, also after others`, () => {
    const { requests } = drive({ space: NESTED, strategy, delay: 2 }, 30);
    const first = requests.map((request) => strategy.suggest(again(request)));
    const backwards = [...requests].reverse().map((request) => strategy.suggest(again(request)));
    assert.deepEqual(backwards.reverse(), first);
  });

  test(`${name}: two searches with the same results are the same, with another seed another`, () => {
    const genomes = (seed: string) => drive({ space: NESTED, strategy, seed }, 30).genomes;
    const one = genomes('one');
    assert.deepEqual(genomes('one'), one);
    if (strategy.seedless) assert.deepEqual(genomes('two'), one);
    else assert.notDeepEqual(genomes('two'), one);
  });

  for (const delay of [0, 4])
    test(`${name}: proposes at fidelities that exist, a network again only at a higher one, with a delay of ${delay}`, () => {
      const scenario = { space: NESTED, strategy, fidelities: [1, 3, 9], delay };
      assert.equal(drive(scenario, 40).requests.length, 40);
    });

  test(`${name}: goes on over failures at every fidelity`, () => {
    const result = (number: number, pick: number) => MIXED[number % MIXED.length]!(pick);
    assert.equal(drive({ space: NESTED, strategy, fidelities: [1, 3, 9], result }, 40).requests.length, 40);
  });

  test(`${name}: ends when every network was proposed`, () => {
    assert.equal(drive({ space: TWELVE, strategy }, 100).genomes.length, 12);
    assert.equal(drive({ space: ONE_POINT, strategy }, 100).genomes.length, 1);
  });

  test(`${name}: goes on over failed, pruned, infeasible and NaN trials`, () => {
    const result = (number: number, pick: number) => MIXED[number % MIXED.length]!(pick);
    assert.equal(drive({ space: NESTED, strategy, result }, 60).genomes.length, 60);
  });

  for (const [what, result] of NONE)
    test(`${name}: goes on when all trials ${what}`, () => {
      assert.equal(drive({ space: NESTED, strategy, result }, 40).genomes.length, 40);
    });

  test(`${name}: gives nothing when nothing is acceptable`, () => {
    const constraints = [{ measure: 'params', max: 1 }];
    assert.equal(drive({ space: TWELVE, strategy, constraints }, 3).genomes.length, 0);
  });

  test(`${name}: keeps within a bound that few networks meet`, () => {
    // 1 unit: 4·1 + 1 weights before it, 1·2 + 2 after it; only the three activations are left to choose.
    const constraints = [{ measure: 'params', max: 9 }];
    assert.equal(drive({ space: TWELVE, strategy, constraints }, 12).genomes.length, 3);
  });

  for (const delay of [1, 3, 20])
    test(`${name}: works while ${delay} trials are running`, () => {
      assert.equal(drive({ space: NESTED, strategy, delay }, 40).genomes.length, 40);
    });

  test(`${name}: takes running trials in any order`, () => {
    const scenario = { space: NESTED, strategy, delay: 5, reverseRunning: true };
    assert.equal(drive(scenario, 40).genomes.length, 40);
  });

  for (const objectives of [2, 3])
    test(`${name}: takes ${objectives} objectives`, () => {
      const result = (number: number, pick: number) =>
        completeWith(...[pick, -pick * 1e6, number % 4].slice(0, objectives));
      assert.equal(drive({ space: NESTED, strategy, objectives, result }, 40).genomes.length, 40);
    });

  test(`${name}: bounds that most trials break, two objectives`, () => {
    const scenario = { space: NESTED, strategy, objectives: 2, result: MOSTLY_INFEASIBLE };
    assert.equal(drive(scenario, 40).genomes.length, 40);
  });

  for (const space of [TWELVE, NESTED])
    test(`${name}: useless proxies, in the space "${space.name}"`, () => {
      assert.equal(drive({ space, strategy, proxies: USELESS }, 12).genomes.length, 12);
    });

  for (const space of CHEAP_PRESETS)
    test(`${name}: networks of the preset "${space.name}"`, () => {
      const io = { inputShape: [3, 8, 8], outputs: 3 } as const;
      assert.equal(drive({ space, strategy, io }, IN_PRESETS).genomes.length, IN_PRESETS);
    });

  test(`${name}: ${RANDOM_SPACES} random spaces, each to its end or for ${IN_RANDOM_SPACES} trials`, () => {
    for (let seed = 0; seed < RANDOM_SPACES; seed++) {
      const space = randomSpace(seed);
      const expected = drive({ space, strategy: randomSearch }, IN_RANDOM_SPACES).genomes.length;
      const { genomes } = drive({ space, strategy, delay: seed % 3 }, IN_RANDOM_SPACES);
      assert.equal(genomes.length, expected, `of the space of seed ${seed}`);
    }
  });

  studiesPart(test, strategy);
}
