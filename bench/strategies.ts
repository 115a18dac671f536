/**
 * Own time of strategies: milliseconds a suggestion takes after 1,000 and 10,000 trials, beside Optuna's samplers where
 * Python has Optuna (Debian: python3-optuna). Runs of the two alternate.
 *
 * Run: npm run bench:strategies, with -- --json for one line of results.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { networkBuilder } from '../src/network/builder.ts';
import { createRandom } from '../src/random.ts';
import { float, int, oneOf, struct } from '../src/space/choice.ts';
import { defineSpace } from '../src/space/define-space.ts';
import { STRATEGIES } from '../src/strategy/index.ts';
import type { Observation, Strategy } from '../src/strategy/strategy.ts';
import { createCandidates } from '../src/study/candidates.ts';
import { commandLine } from './command-line.ts';

const { json } = commandLine(import.meta.url, {
  options: { json: { type: 'boolean', default: false } },
}).values;

const OPTUNA = fileURLToPath(new URL('optuna-side.py', import.meta.url));
const PEERS: Readonly<Record<string, string>> = { random: 'random', tpe: 'tpe', nsga2: 'nsga2' };
const HISTORIES = [1_000, 10_000];
const REPETITIONS = 10;
const ROUNDS = 3;

const operation = oneOf(['a', 'b', 'c', 'd', 'e']);
const width = int(1, 16);
/** The same decisions as on Optuna's side: six operations, three widths, a rate. */
const space = defineSpace({
  name: 'bench',
  description: 'Ten decisions.',
  choices: struct({
    ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`op${i}`, operation])),
    width0: width,
    width1: width,
    width2: width,
    rate: float(1e-4, 1e-1, { log: true }),
  }),
  build: (values, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.flatten(b.input);
    for (const out of [values.width0, values.width1, values.width2]) x = b.linear(x, { out });
    // Every decision shows in the network, so that no two genomes are one candidate.
    const operations = Object.entries(values).filter(([name]) => name.startsWith('op'));
    const code = operations.reduce((sum, [, op]) => 5 * sum + 'abcde'.indexOf(String(op)), 1);
    return b.build([b.linear(b.dropout(b.linear(x, { out: code }), values.rate), { out: io.outputs })]);
  },
});

function historyOf(length: number, objectives: number) {
  const candidates = createCandidates(space, { inputShape: [1, 2, 2], outputs: 2 }, []);
  const random = createRandom('bench');
  const history = Array.from({ length }, (_, number): Observation => {
    const genome = candidates.draw(random.split(number))!;
    const { hash } = candidates.of(genome)!;
    candidates.propose(hash);
    const values = Array.from({ length: objectives }, () => random.next());
    return { number, genome, hash, state: 'complete', values, feasible: true, fidelity: 0 };
  });
  return { candidates, history };
}

function timeOf(strategy: Strategy, { candidates, history }: ReturnType<typeof historyOf>): number {
  const began = performance.now();
  for (let i = 0; i < REPETITIONS; i++)
    strategy.suggest({
      space,
      history,
      running: [],
      objectives: history[0]!.values!.length,
      fidelities: [1],
      proxies: [],
      random: createRandom(`suggestion ${i}`),
      accept: candidates.accept,
      inspect: candidates.of,
      listed: candidates.listed,
      draw: candidates.draw,
    });
  return (performance.now() - began) / REPETITIONS;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function optunaTime(sampler: string, history: number): number | null {
  try {
    const text = execFileSync('/usr/bin/python3', [OPTUNA, sampler, String(history), '5'], { stdio: 'pipe' });
    return Number(text);
  } catch {
    return null;
  }
}

const results = [];
for (const length of HISTORIES)
  for (const [name, strategy] of Object.entries(STRATEGIES)) {
    const setting = historyOf(length, name.startsWith('nsga') ? 2 : 1);
    const peer = PEERS[name];
    const [ours, theirs]: [number[], number[]] = [[], []];
    timeOf(strategy, setting);
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(timeOf(strategy, setting));
      const time = peer === undefined || (round > 0 && theirs.length === 0) ? null : optunaTime(peer, length);
      if (time !== null) theirs.push(time);
    }
    const ms = median(ours);
    const optunaMs = theirs.length === 0 ? null : median(theirs);
    results.push({
      strategy: name,
      history: length,
      ms,
      optunaMs,
      ratio: optunaMs === null ? null : optunaMs / ms,
    });
    if (!json)
      console.log(
        `${name.padEnd(20)} ${String(length).padStart(6)} trials ${ms.toFixed(2).padStart(9)} ms` +
          (optunaMs === null
            ? ''
            : `   Optuna ${optunaMs.toFixed(2)} ms, ${(optunaMs / ms).toFixed(1)} times`),
      );
  }
if (json) console.log(JSON.stringify({ results }));
