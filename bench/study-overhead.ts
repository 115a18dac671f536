/**
 * What a study costs beside its trials: asking for and recording one trial, with a long history, in an SQLite file.
 *
 *   npx tsx bench/study-overhead.ts [--strategy random,evolution,…] [--json]
 *
 * The goal is a mean under 5 ms at 10,000 trials. CPU time and the machine's load stand beside it: where the wall time is
 * far above the CPU time, something else was at work and the figure says little about the study.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStrategy } from '../src/search/find-strategy.ts';
import { PRESETS } from '../src/space/presets/index.ts';
import { openSqlite } from '../src/storage/sqlite.ts';
import { STRATEGIES } from '../src/strategy/index.ts';
import { openStudy } from '../src/study/study.ts';
import { commandLine } from './command-line.ts';

const SIZES = [1_000, 10_000];
const MEASURED = 500;

interface Result {
  readonly strategy: string;
  readonly history: number;
  /** Wall time of one ask and tell, in milliseconds. */
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly cpuMs: number;
  /** Networks built for one trial, and the wall time of building them alone: both depend on the space. */
  readonly networks: number;
  readonly buildMs: number;
}

const { values } = commandLine(import.meta.url, {
  options: { strategy: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const { json } = values;
const strategies = values.strategy?.split(',').map((name) => findStrategy(name)) ?? Object.values(STRATEGIES);
const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const load = loadavg()[0]!;
const cores = availableParallelism();
const results: Result[] = [];
if (!json) console.log(`load ${load.toFixed(2)} on ${cores} cores, space ${PRESETS.mobile.name}`);

for (const strategy of strategies) {
  const storage = await openSqlite(join(folder, `${strategy.name}.db`), { mode: 'write' });
  let building = 0;
  let built = 0;
  const space = {
    ...PRESETS.mobile,
    build: (...args: Parameters<typeof PRESETS.mobile.build>) => {
      const began = performance.now();
      const network = PRESETS.mobile.build(...args);
      building += performance.now() - began;
      built++;
      return network;
    },
  };
  const study = await openStudy(
    {
      space,
      io: { inputShape: [3, 32, 32], outputs: 10 },
      strategy,
      objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
      constraints: [],
      seed: 1,
      parallelism: 2,
    },
    storage,
  );
  const one = async (): Promise<void> => {
    const asked = await study.ask();
    const { number, measures } = asked!.trial;
    const valAccuracy = 1 - 1 / Math.log10(measures.macs!) + (number % 7) / 100;
    await study.tell(number, { state: 'complete', measures: { valAccuracy }, curve: [], reason: null });
  };
  for (const history of SIZES) {
    while (study.trials().length < history) await one();
    building = 0;
    built = 0;
    const times: number[] = [];
    const cpu = process.cpuUsage();
    for (let i = 0; i < MEASURED; i++) {
      const began = performance.now();
      await one();
      times.push(performance.now() - began);
    }
    const { user, system } = process.cpuUsage(cpu);
    times.sort((a, b) => a - b);
    const result: Result = {
      strategy: strategy.name,
      history,
      meanMs: times.reduce((a, b) => a + b, 0) / MEASURED,
      medianMs: times[Math.floor(MEASURED / 2)]!,
      p95Ms: times[Math.floor(MEASURED * 0.95)]!,
      cpuMs: (user + system) / 1000 / MEASURED,
      networks: built / MEASURED,
      buildMs: building / MEASURED,
    };
    results.push(result);
    const { meanMs, medianMs, p95Ms, cpuMs, networks, buildMs } = result;
    if (!json)
      console.log(
        `${strategy.name}, ${history} trials: mean ${meanMs.toFixed(2)} ms, median ${medianMs.toFixed(2)}, 95 % ${p95Ms.toFixed(2)}, ` +
          `CPU ${cpuMs.toFixed(2)}; ${networks.toFixed(2)} networks built in ${buildMs.toFixed(2)} ms`,
      );
  }
  await storage.close();
}
rmSync(folder, { recursive: true, force: true });
if (json) console.log(JSON.stringify({ load, cores, results }));
