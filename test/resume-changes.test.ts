/** What may be otherwise when a run goes on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resumeSearch, type SearchEvent, SearchOptions, search } from '../src/index.ts';
import { get } from '../src/search/record.ts';
import { openSqlite } from '../src/storage/sqlite.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-resume-'));
const DATA = join(ROOT, 'images');
beforeAll(() => writeIdxImages(DATA, { train: 120, test: 40 }));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

test('a limit on trials holds for those that are still to come, and is kept', async () => {
  const out = join(ROOT, 'run');
  await search(
    SearchOptions.parse({ data: DATA, out, trials: 1, epochs: 1, finalEpochs: 1, workers: 1, maxMacs: 2e6 }),
  );
  // As `espalier quantize RUN/model.onnx` leaves it: none of the run's own files.
  const quantised = join(out, 'model.int8.onnx');
  writeFileSync(quantised, 'of the user');
  const events: SearchEvent[] = [];
  // No training starts, reads its data and ends in a thousandth of a second.
  const changes = { trials: 2, trialTimeoutSeconds: 0.001 };
  await resumeSearch(out, { onEvent: (event) => events.push(event) }, changes);
  const ended = events.flatMap((event) => (event.event === 'trial-finished' ? [event.trial] : []));
  expect(ended).toMatchObject([
    { number: 1, state: 'failed', reason: expect.stringMatching(/time limit: took longer than 0.001 s/) },
  ]);
  expect(events.at(-1)).toMatchObject({ event: 'done' });
  expect(readFileSync(quantised, 'utf8')).toBe('of the user');

  const storage = await openSqlite(join(out, 'study.db'), { mode: 'read' });
  expect((await get(storage, 'options'))?.trialTimeoutSeconds).toBe(0.001);
  await storage.close();
}, 120_000);
