/**
 * A study that dies between any two writes and is opened again ends with the table of the undisturbed one.
 *
 * The death is played by a storage that stops taking writes: everything after, also of the workers that still run, is
 * lost, just as with a killed process. (test/killed-search.test.ts kills real ones.)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { runStudy } from './run-study.ts';
import { openStudy } from './study.ts';
import { definition, forever, pause, score, table } from './testing/tiny-study.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-resume-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(ROOT, `study-${files++}.db`);

/** Enough that evolution leaves its random start behind. */
const TRIALS = 14;
const WRITES = 2 * TRIALS;

class Death extends Error {}

/** Takes so many trials; at the next one dies, before or after it was written. */
function mortal(storage: StudyStorage, writes: number, lastIsWritten: boolean): StudyStorage {
  let left = writes;
  return {
    ...storage,
    async putTrial(trial) {
      if (left === 0 && lastIsWritten) await storage.putTrial(trial);
      if (left-- <= 0) {
        lastIsWritten = false;
        throw new Death();
      }
      await storage.putTrial(trial);
    },
  };
}

/** Runs until the end or the death; workers finish in an order drawn from `order`. */
async function live(storage: StudyStorage, parallelism: number, order: number): Promise<'done' | 'dead'> {
  const random = createRandom(order);
  try {
    const study = await openStudy(definition(parallelism), storage);
    await runStudy({
      study,
      trials: TRIALS,
      deadline: null,
      signal: forever,
      evaluate: async (asked) => {
        await pause(random.int(5));
        return score(asked);
      },
    });
    return 'done';
  } catch (error) {
    if (error instanceof Death) return 'dead';
    throw error;
  }
}

async function undisturbed(parallelism: number): Promise<unknown> {
  const storage = createMemoryStorage();
  await live(storage, parallelism, 0);
  return table(await storage.trials());
}

describe.each([1, 2, 3])('with %i workers', (parallelism) => {
  test.each([
    ['before', false],
    ['after', true],
  ])('a death %s any one write changes nothing', async (_, lastIsWritten) => {
    const expected = await undisturbed(parallelism);
    for (let writes = 0; writes < WRITES; writes++) {
      const path = fresh();
      const first = await openSqlite(path, { mode: 'write' });
      expect(await live(mortal(first, writes, lastIsWritten), parallelism, writes)).toBe('dead');
      await first.close();
      const second = await openSqlite(path, { mode: 'write' });
      expect(await live(second, parallelism, writes + 1)).toBe('done');
      expect(table(await second.trials()), `death at write ${writes}`).toEqual(expected);
      await second.close();
    }
  });

  test('many deaths in a row change nothing', async () => {
    const expected = await undisturbed(parallelism);
    const death = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.array(death, { maxLength: 6 }), async (deaths) => {
        const path = fresh();
        for (const [writes, lastIsWritten, order] of [
          ...deaths,
          [Number.POSITIVE_INFINITY, false, 0] as const,
        ]) {
          const storage = await openSqlite(path, { mode: 'write' });
          await live(mortal(storage, writes, lastIsWritten), parallelism, order);
          await storage.close();
        }
        const storage = await openSqlite(path, { mode: 'read' });
        expect(table(await storage.trials())).toEqual(expected);
        await storage.close();
      }),
      { numRuns: 10, seed: 3 },
    );
  });
});
