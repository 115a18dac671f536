/**
 * What a study costs beside its trials: asking for and recording one trial, with a long history.
 *
 *   npx tsx bench/study-overhead.ts [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRESETS } from '../src/space/presets/index.ts';
import { openSqlite } from '../src/storage/sqlite.ts';
import { STRATEGIES } from '../src/strategy/index.ts';
import { openStudy } from '../src/study/study.ts';

const SIZES = [1_000, 10_000];
const MEASURED = 200;
const json = process.argv.includes('--json');
const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const results: { strategy: string; history: number; msPerTrial: number; buildMsPerTrial: number }[] = [];

for (const strategy of Object.values(STRATEGIES)) {
  const storage = await openSqlite(join(folder, `${strategy.name}.db`), { mode: 'write' });
  let building = 0;
  // Building and hashing candidates depends on the space, not on the study: it is timed apart.
  const space = {
    ...PRESETS.mobile,
    build: (...args: Parameters<typeof PRESETS.mobile.build>) => {
      const began = performance.now();
      const network = PRESETS.mobile.build(...args);
      building += performance.now() - began;
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
    const began = performance.now();
    for (let i = 0; i < MEASURED; i++) await one();
    const msPerTrial = (performance.now() - began) / MEASURED;
    results.push({ strategy: strategy.name, history, msPerTrial, buildMsPerTrial: building / MEASURED });
    if (!json)
      console.log(
        `${strategy.name}, ${history} trials: ${msPerTrial.toFixed(2)} ms a trial, of which building networks ${(building / MEASURED).toFixed(2)} ms`,
      );
  }
  await storage.close();
}
rmSync(folder, { recursive: true, force: true });
if (json) console.log(JSON.stringify({ results }));
