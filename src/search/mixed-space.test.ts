/** A search over architecture and learning rate together, with proxies; then another that begins with its trials. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeIdxImages } from '../../test/fixtures/idx-images.ts';
import { decodeModel } from '../onnx/decode.ts';
import { readMetadata } from './model-metadata.ts';
import { SearchOptions, type SearchOptionsInput } from './options.ts';
import { search } from './search.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-mixed-'));
const DATA = join(ROOT, 'images');
const RUN = join(ROOT, 'run');
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** Runs a search. @returns its warnings */
async function run(options: Partial<SearchOptionsInput>): Promise<string> {
  const warnings: string[] = [];
  await search(
    SearchOptions.parse({
      data: DATA,
      out: RUN,
      space: new URL('../../test/fixtures/trained.ts', import.meta.url).pathname,
      trials: 3,
      epochs: 1,
      finalEpochs: 1,
      seed: 3,
      workers: 1,
      executor: 'in-process',
      ...options,
    }),
    {
      signal: new AbortController().signal,
      onEvent: (event) => {
        if (event.event === 'warning') warnings.push(event.message);
      },
    },
  );
  return warnings.join('\n');
}

interface Row {
  readonly hash: string;
  readonly genome: { readonly width: number; readonly rate: number };
  readonly training: unknown;
}
const trialsOf = (folder: string): Row[] => JSON.parse(readFileSync(join(folder, 'trials.json'), 'utf8'));

beforeAll(async () => {
  writeIdxImages(DATA, { train: 200, test: 50 });
  await run({ proxies: ['synflow', 'naswot'] });
}, 400_000);

test('what the genome chooses of the training stands in every file', () => {
  const trials = trialsOf(RUN);
  expect(trials.length).toBe(3);
  for (const { genome, training } of trials)
    expect(training).toEqual({ learningRate: genome.rate, augmentation: { cutout: 0 } });
  const model = join(RUN, 'model.onnx');
  const metadata = readMetadata(decodeModel(readFileSync(model), model), model);
  const { rate } = metadata.genome as Row['genome'];
  expect(metadata.training).toEqual({ learningRate: rate, augmentation: { cutout: 0 } });
  expect(JSON.parse(readFileSync(join(RUN, 'network.json'), 'utf8'))).toMatchObject({
    space: 'trained',
    genome: metadata.genome,
  });
  expect(readFileSync(join(RUN, 'report.html'), 'utf8')).toContain('training of the winner');
});

test('another search learns from its trials without repeating them, and begins with given genomes', async () => {
  const startWith = join(ROOT, 'start.json');
  writeFileSync(startWith, JSON.stringify([{ width: 8, rate: 0.2 }]));
  const out = join(ROOT, 'warm');
  const warnings = await run({ out, warmFrom: [RUN], startWith });
  expect(warnings).toContain(`of ${RUN}, 3 trials are learnt from`);
  const [first, ...rest] = trialsOf(out);
  expect(first!.genome).toEqual({ width: 8, rate: 0.2 });
  // The same seed would have drawn the same genomes again.
  const known = new Set(trialsOf(RUN).map(({ hash }) => hash));
  expect(rest.length).toBe(2);
  expect(rest.filter(({ hash }) => known.has(hash))).toEqual([]);
}, 400_000);

test('trials of another length are not learnt from: the best of them are tried again', async () => {
  const out = join(ROOT, 'longer');
  const warnings = await run({ out, epochs: 2, warmFrom: [RUN], trials: 1 });
  expect(warnings).toContain('0 trials are learnt from; 3 were trained on other data or for another time');
  const known = new Set(trialsOf(RUN).map(({ hash }) => hash));
  expect(known.has(trialsOf(out)[0]!.hash)).toBe(true);
}, 400_000);

test.each<[Partial<SearchOptionsInput>, RegExp]>([
  [{ warmFrom: ['nowhere'] }, /Cannot begin with nowhere: there is no run/],
  [{ warmFrom: [RUN], space: 'residual' }, /it searched the space "trained", not "residual"/],
  [
    { warmFrom: [RUN], int8: true, objectives: [{ measure: 'int8ValAccuracy', direction: 'maximise' }] },
    /it did not measure int8ValAccuracy/,
  ],
  [{ startWith: join(RUN, 'report.html') }, /it is not JSON/],
  [{ startWith: join(RUN, 'trials.json'), space: 'residual' }, /the 1st of its genomes: /],
])('%j is refused before anything is done', async (options, message) => {
  const out = join(ROOT, 'refused');
  await expect(run({ out, ...options })).rejects.toMatchObject({
    code: 'WARM_START',
    message: expect.stringMatching(message),
  });
});
