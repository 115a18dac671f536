import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { type Candidates, createCandidates } from '../study/candidates.ts';
import { CONTINUOUS } from '../testing/suite-spaces.ts';
import { auto } from './auto.ts';
import { explainAuto } from './auto-explanation.ts';
import { comparableTrials, learntTrials } from './predictor/learnt-set.ts';
import { milestone } from './predictor/milestones.ts';
import type { Observation, Proposal, RunningTrial } from './strategy.ts';

const newCandidates = (): Candidates =>
  createCandidates(CONTINUOUS, { inputShape: [1, 2, 2], outputs: 2 }, []);

const proposed = (
  candidates: Candidates,
  number: number,
  history: readonly Observation[],
  running: readonly RunningTrial[],
  objectives = 1,
): Proposal | null =>
  auto.suggest({
    space: CONTINUOUS,
    history,
    running,
    objectives,
    fidelities: [1],
    proxies: [],
    random: createRandom('auto').split(number),
    accept: candidates.accept,
    inspect: candidates.of,
    listed: candidates.listed,
    draw: candidates.draw,
  });

/** The notes of a search whose values `of` gives. */
function notes(
  of: (genome: { rate: number; hidden: number }, number: number) => number,
  count: number,
  workers = 1,
) {
  const candidates = newCandidates();
  const trials: (Observation & { readonly note: string })[] = [];
  for (let number = 0; number < count; number++) {
    const seen = Math.max(0, number - workers + 1);
    const { genome, note = '' } = proposed(candidates, number, trials.slice(0, seen), trials.slice(seen))!;
    const { hash } = candidates.of(genome)!;
    candidates.propose(hash);
    const values = [of(genome as unknown as { rate: number; hidden: number }, number)];
    trials.push({ number, genome, hash, state: 'complete', values, feasible: true, fidelity: 0, note });
  }
  return trials;
}

const share = (trials: readonly { readonly note: string }[], kind: RegExp): number =>
  trials.filter(({ note }) => kind.test(note)).length / trials.length;

test('where there is something to learn, the models name the trials, and say how much they are trusted', () => {
  const later = notes(({ rate, hidden }) => -((rate - 0.3) ** 2) - (hidden - 4) ** 2 / 40, 40).slice(8);
  expect(
    share(later, /^(predicted|drawn) \(process -?\d\.\d\d at \d+ %, forest -?\d\.\d\d\)$/),
  ).toBeGreaterThan(0.9);
});

test('where there is nothing to learn, random trials and children of the best take over', () => {
  const later = notes((_, number) => createRandom(`noise ${number}`).next(), 60).slice(20);
  expect(share(later, /^(random|bred without models)/)).toBeGreaterThan(0.15);
});

test('where all results are equal, it goes on at random and says so', () => {
  expect(share(notes(() => 0.5, 14).slice(8), /^random$/)).toBe(1);
});

test('trials at the same time are not all alike', () => {
  const trials = notes(({ rate }) => -((rate - 0.3) ** 2), 36, 6).slice(24);
  const rates = trials.map(({ genome }) => (genome as { rate: number }).rate).sort((a, b) => a - b);
  expect(rates.at(-1)! - rates[0]!).toBeGreaterThan(0.02);
});

test('the explanation counts what the notes say', () => {
  const text = explainAuto(
    {
      trials: 5,
      objectives: 1,
      proxies: [],
      references: 0,
      notes: [
        'start: random',
        'start: random',
        'predicted (process 0.20 at 50 %, forest 0.10)',
        'predicted (process 0.81 at 60 %, forest 0.70)',
        'drawn (process 0.81 at 60 %, forest 0.70)',
      ],
    },
    8,
  );
  expect(text).toMatch(
    /Of 5 trials 2 were random starting points, 2 were named by both models, 1 were drawn/,
  );
  expect(text).toMatch(/at first process 0\.20 at 50 %, forest 0\.10; at the end process 0\.81/);
  expect(auto.explain!({ trials: 30, objectives: 2, proxies: [], references: 0 })).toMatch(/2 objectives/);
});

test('settings are chosen when the history has grown by a quarter', () => {
  expect([3, 8, 9, 10, 11, 12, 14, 15, 18, 100].map(milestone)).toEqual([
    3, 8, 8, 10, 10, 12, 12, 15, 18, 97,
  ]);
});

test('a long history is learnt from by its best, its latest, its front and some of the rest', () => {
  const random = createRandom('long');
  const trials = Array.from({ length: 3_000 }, (_, number): Observation => {
    const x = random.next();
    return {
      number,
      genome: number,
      hash: String(number),
      state: 'complete',
      values: [x, 1 - x + 0.3 * random.next()],
      feasible: number % 5 > 0,
      fidelity: 0,
    };
  });
  const learnt = learntTrials(comparableTrials(trials));
  expect(learnt.length).toBeGreaterThanOrEqual(200);
  expect(learnt.length).toBeLessThan(330);
  expect(learnt).toEqual([...learnt].sort((a, b) => a.number - b.number));
  const front = trials.filter(
    (o) =>
      o.feasible &&
      !trials.some(
        (p) => p.feasible && p.values![0]! >= o.values![0]! && p.values![1]! >= o.values![1]! && p !== o,
      ),
  );
  expect(front.length).toBeGreaterThan(5);
  for (const member of front) expect(learnt).toContain(member);
  for (const latest of trials.slice(-50)) expect(learnt).toContain(latest);
  const one = trials.map((o) => ({ ...o, values: [o.values![0]!] }));
  const values = learntTrials(one).map((o) => o.values![0]!);
  expect(values).toHaveLength(200);
  // Also of the bad ones.
  expect(values.filter((value) => value < 0.5).length).toBeGreaterThan(20);
});

test('with several objectives, more is bred from the front where that has lately gained more', () => {
  const random = createRandom('front');
  /** Points that only trials of one parity move outwards. */
  const history = (gains: (number: number) => boolean): readonly Observation[] => {
    const candidates = newCandidates();
    return Array.from({ length: 120 }, (_, number) => {
      const genome = candidates.draw(random.split(number))!;
      const { hash } = candidates.of(genome)!;
      candidates.propose(hash);
      const at = random.split(number).next();
      const reach = gains(number) ? 1 + number / 100 : 0.5;
      const values = [reach * at, reach * (1 - at)];
      return { number, genome, hash, state: 'complete', values, feasible: true, fidelity: 0 };
    });
  };
  const bred = (trials: readonly Observation[]): number => {
    const candidates = newCandidates();
    for (const { hash } of trials) candidates.propose(hash);
    // Odd numbers that are no probes: 3, 5 and 7 of every eight.
    const numbers = [123, 125, 127, 131, 133, 135];
    return numbers.filter((next) => {
      const running = Array.from({ length: next - trials.length }, (_, i) => ({
        ...trials[0]!,
        number: trials.length + i,
      }));
      return proposed(candidates, next, trials, running, 2)?.note === 'bred';
    }).length;
  };
  expect(bred(history((number) => number % 2 === 1))).toBe(0);
  expect(bred(history((number) => number % 2 === 0))).toBeGreaterThan(0);
});
