/**
 * Espalier as a library: a search from a folder of images to an exported network, which then classifies a file.
 *
 * Run: npx tsx examples/library.ts
 * In your own project, import from 'espalier'. The search here is as small as can be: two trials of two epochs on images of
 * dots and stripes that are drawn first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRandom, loadClassifier, SearchOptions, search } from '../src/index.ts';

const SIDE = 16;
const IMAGES_A_CLASS = 60;
const CLASSES = {
  dots: (x: number, y: number) => x % 4 < 2 && y % 4 < 2,
  stripes: (x: number) => x % 4 < 2,
} satisfies Record<string, (x: number, y: number) => boolean>;

/** One folder for each class, as a search wants its images. */
async function drawImages(folder: string): Promise<void> {
  const random = createRandom('images');
  for (const [name, isDark] of Object.entries(CLASSES)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < IMAGES_A_CLASS; i++) {
      const [left, top] = [random.int(4), random.int(4)];
      const pixels = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
        const dark = isDark((at % SIDE) + left, Math.floor(at / SIDE) + top);
        return (dark ? 40 : 180) + random.int(40);
      });
      const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } });
      await image.png().toFile(join(folder, name, `${i}.png`));
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-example-'));
try {
  const images = join(folder, 'images');
  await drawImages(images);

  // Every option has a default; those that the command line has are described there.
  const options = SearchOptions.parse({
    data: images,
    out: join(folder, 'run'),
    strategy: 'random',
    trials: 2,
    epochs: 2,
    finalEpochs: 8,
    maxMacs: 1_000_000,
    workers: 1,
  });
  const done = await search(options, {
    onEvent(event) {
      if (event.event === 'trial-finished')
        console.log(`trial ${event.trial.number}: ${event.trial.state}`, event.trial.measures.valAccuracy);
    },
  });
  if (done === null) throw new Error('only a signal ends a search without a result');
  console.log(`test accuracy ${done.testAccuracy}, ${done.params} parameters, ${done.macs} MACs`);

  const classifier = await loadClassifier(join(done.out, 'model.onnx'));
  const [first] = await classifier.classify(join(images, 'stripes', '0.png'));
  console.log(`stripes/0.png is ${first!.label} (${(100 * first!.probability).toFixed(1)} %)`);
  await classifier.release();
} finally {
  rmSync(folder, { recursive: true });
}
