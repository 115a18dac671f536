import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImageFile } from '../decode-image.ts';
import { loadImageDataset } from '../load.ts';
import { realData } from '../testing/real-data.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-folders-'));
});
afterAll(() => rm(root, { recursive: true }));

async function write(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const path = join(root, folder);
  await mkdir(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

type Pixel = readonly [number, number, number];

/** An image whose left and right half have one colour each. */
function picture(left: Pixel, right: Pixel, width = 8, height = 6) {
  const rgb = Buffer.alloc(width * height * 3);
  for (let p = 0; p < width * height; p++) rgb.set(p % width < width / 2 ? left : right, p * 3);
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}
const grey = (i: number) => picture([i, i, i], [255 - i, i, 0]).greyscale();
const colour = (i: number) => picture([i, 10, 200], [0, 255 - i, 30]);

async function many(
  folder: string,
  count: number,
  make: (i: number) => ReturnType<typeof picture>,
): Promise<Record<string, Uint8Array>> {
  const files = await Promise.all(
    Array.from(
      { length: count },
      async (_, i) =>
        [`${folder}/${String(i).padStart(3, '0')}.png`, await make(i).png().toBuffer()] as const,
    ),
  );
  return Object.fromEntries(files);
}
const load = (path: string, options: Partial<Parameters<typeof loadImageDataset>[1]> = {}) =>
  loadImageDataset(path, { seed: 1, ...options });

describe('formats', () => {
  const left: Pixel = [200, 30, 40];
  const right: Pixel = [10, 20, 250];
  const shape = { channels: 3, height: 6, width: 8 } as const;
  const expected = Uint8Array.from(
    { length: 144 },
    (_, i) => (i % 8 < 4 ? left : right)[Math.floor(i / 48)]!,
  );

  test.each([
    ['png', {}],
    ['webp', { lossless: true }],
    ['gif', {}],
    ['tiff', { compression: 'lzw' }],
  ] as const)('%s, without loss', async (format, options) => {
    const bytes = await picture(left, right).toFormat(format, options).toBuffer();
    const path = await write('formats', { [`x.${format}`]: bytes });
    expect(await readImageFile(join(path, `x.${format}`), shape)).toEqual(expected);
  });
  test('jpeg, nearly', async () => {
    const path = await write('formats', {
      'x.jpg': await picture(left, right, 32, 24)
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    });
    const pixels = await readImageFile(join(path, 'x.jpg'), shape);
    pixels.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(12);
    });
  });
  test.each([24, 32])('bmp with %i bits', async (bits) => {
    const path = await write('formats', { 'x.bmp': bmp(left, right, bits) });
    expect(await readImageFile(join(path, 'x.bmp'), shape)).toEqual(expected);
  });
  test('turned by its EXIF orientation, transparent on white, 16 bits, grey or colour as asked', async () => {
    const path = await write('formats', {
      'turned.jpg': await picture([0, 0, 0], [255, 255, 255], 4, 2)
        .withMetadata({ orientation: 3 })
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer(),
      'clear.png': await sharp({
        create: { width: 4, height: 4, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
      })
        .png()
        .toBuffer(),
      'deep.png': await sharp(new Uint16Array(16).fill(0x8070), { raw: { width: 4, height: 4, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer(),
    });
    const read = async (file: string, channels: 1 | 3) => [
      ...(await readImageFile(join(path, file), { channels, height: 1, width: 2 })),
    ];
    expect(await read('turned.jpg', 1)).toEqual([255, 0]);
    expect(await read('clear.png', 3)).toEqual([255, 255, 255, 255, 255, 255]);
    expect(await read('deep.png', 1)).toEqual([128, 128]);
    await writeFile(join(path, 'x.png'), await picture([255, 0, 0], [0, 255, 0]).png().toBuffer());
    expect(await read('x.png', 1)).toEqual([76, 150]);
  });
});

function bmp(left: Pixel, right: Pixel, bits: number): Buffer {
  const stride = Math.ceil((8 * bits) / 32) * 4;
  const file = Buffer.alloc(54 + stride * 6);
  file.write('BM');
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(8, 18);
  file.writeInt32LE(6, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  for (let y = 0; y < 6; y++)
    for (let x = 0; x < 8; x++)
      file.set([...(x < 4 ? left : right)].reverse(), 54 + y * stride + (x * bits) / 8);
  return file;
}

describe('class folders', () => {
  test('without splits: grey images stay grey, the seed makes the splits', async () => {
    const path = await write('plain', {
      ...(await many('b', 40, grey)),
      ...(await many('a', 20, (i) => grey(i + 100))),
    });
    const { dataset, report } = await load(path);
    expect(dataset).toMatchObject({ channels: 1, height: 6, width: 8, classes: ['a', 'b'] });
    expect([dataset.train.count, dataset.val.count, dataset.test?.count]).toEqual([43, 8, 9]);
    expect(report).toMatchObject({ format: 'class folders', unreadable: [], warnings: [] });
    expect((await load(path)).dataset.fingerprint).toBe(dataset.fingerprint);
    expect((await load(path, { seed: 2 })).dataset.fingerprint).not.toBe(dataset.fingerprint);
    expect((await load(path, { channels: 3 })).dataset.train.images.length).toBe(43 * 3 * 48);
    expect((await load(path, { imageSize: 16 })).dataset).toMatchObject({ height: 16, width: 16 });
  });
  test('with train, valid and test; one coloured image makes all RGB; numbers sort by value', async () => {
    const path = await write('split', {
      ...(await many('train/10', 5, grey)),
      ...(await many('train/9', 5, colour)),
      ...(await many('Valid/9', 2, (i) => colour(i + 50))),
      ...(await many('test/10', 3, (i) => grey(i + 60))),
      'notes.txt': 'not an image',
      'train/9/readme.md': 'nor this',
      'train/9/deeper/x.png': await colour(90).png().toBuffer(),
    });
    const { dataset, report } = await load(path);
    expect(dataset).toMatchObject({
      channels: 3,
      classes: ['9', '10'],
      train: { count: 11 },
      val: { count: 2 },
      test: { count: 3 },
    });
    expect([...dataset.test!.labels]).toEqual([1, 1, 1]);
    expect(report.splits.val.origin).toBe('given');
    expect(report.notes.join()).toContain('1 file is no image by its extension (.md 1) and was left out.');
  });
  test('what was left out is named: folders without images, images beside them, links that lead nowhere', async () => {
    const path = await write('leftovers', {
      ...(await many('a', 9, grey)),
      ...(await many('b', 9, (i) => grey(i + 70))),
      'stray.png': await grey(1).png().toBuffer(),
      'b/photo.heic': 'x',
      'b/photo2.heic': 'x',
      'b/notes': 'x',
      'papers/offer.pdf': 'x',
    });
    await symlink('/nowhere/at/all.png', join(path, 'a', 'gone.png'));
    const { report } = await load(path);
    expect(report.notes).toEqual([
      'The folder papers holds no images and is no class.',
      '1 image lies beside the class folders and was left out, first stray.png.',
      '4 files are no images by their extension (.heic 2, .pdf 1, none 1) and were left out.',
    ]);
    expect(report.unreadable).toEqual([
      { file: 'a/gone.png', reason: 'it is not there, or a link that leads nowhere' },
    ]);
  });
  test.skipIf(process.getuid?.() === 0)(
    'a class that may not be read is an error, not a class less',
    async () => {
      const path = await write('closed', { ...(await many('a', 9, grey)), ...(await many('b', 9, colour)) });
      await chmod(join(path, 'b'), 0);
      await expect(load(path)).rejects.toMatchObject({
        code: 'DATA_ACCESS',
        message: expect.stringMatching(/closed\/b: you may not read it$/),
      });
      await chmod(join(path, 'b'), 0o755);
    },
  );
  test('a class called train is a class', async () => {
    const path = await write('vehicles', {
      ...(await many('train', 9, grey)),
      ...(await many('car', 9, (i) => grey(i + 70))),
    });
    expect((await load(path)).dataset.classes).toEqual(['car', 'train']);
  });
  test('mixed sizes meet at the median; large ones are brought down to 128', async () => {
    const size = (w: number, h: number) => (i: number) => picture([i, i, i], [0, 0, i], w, h);
    const mixed = await write('mixed', {
      ...(await many('a', 8, size(20, 30))),
      ...(await many('b', 9, size(41, 50))),
    });
    const { dataset, report } = await load(mixed);
    expect(dataset).toMatchObject({ width: 40, height: 52 });
    expect(report.originalSizes).toEqual({
      min: { width: 20, height: 30 },
      median: { width: 41, height: 50 },
      max: { width: 41, height: 50 },
    });
    const large = await write('large', {
      ...(await many('a', 4, size(1200, 900))),
      ...(await many('b', 4, (i) => size(1200, 900)(i + 9))),
    });
    const loaded = await load(large);
    expect(loaded.dataset).toMatchObject({ width: 128, height: 96 });
    expect(loaded.report.originalSizes.max).toEqual({ width: 1200, height: 900 });
    // Left half grey i, right half blue i: resizing keeps flat areas as they are.
    const first = loaded.dataset.train.images.subarray(0, 3 * 128 * 96);
    expect(first[5]).toBe(first[128 * 96 + 5]);
    expect(first[120]).toBe(0);
  });
  test('images that cannot be decoded are listed by name with the reason, and left out', async () => {
    const good = { ...(await many('a', 12, colour)), ...(await many('b', 12, (i) => colour(i + 100))) };
    const jpeg = await picture([1, 2, 3], [200, 100, 50], 64, 64).jpeg().toBuffer();
    const path = await write('broken', {
      ...good,
      'a/empty.jpg': '',
      'a/text.jpg': 'this is no image',
      'b/cut.jpg': jpeg.subarray(0, jpeg.length / 2),
      'b/cut.png': good['b/000.png']!.subarray(0, 60),
      'b/damaged.png': Buffer.from(good['b/000.png']!).fill(255, 60, 80),
      'b/cut.tiff': (await colour(3).tiff().toBuffer()).subarray(0, 60),
      'b/cut.bmp': bmp([0, 0, 0], [9, 9, 9], 24).subarray(0, 90),
    });
    const progress: [number, number][] = [];
    const { dataset, report } = await load(path, {
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(dataset.train.count + dataset.val.count + dataset.test!.count).toBe(24);
    expect(report.unreadable.map(({ file }) => file)).toEqual([
      'a/empty.jpg',
      'a/text.jpg',
      'b/cut.bmp',
      'b/cut.jpg',
      'b/cut.png',
      'b/cut.tiff',
      'b/damaged.png',
    ]);
    const reasons = Object.fromEntries(report.unreadable.map(({ file, reason }) => [file, reason]));
    expect(reasons['a/empty.jpg']).toBe('the file is empty');
    expect(reasons['a/text.jpg']).toBe('the file is not an image of a known format');
    expect(reasons['b/cut.jpg']).toMatch(/cut short$/);
    expect(reasons['b/cut.bmp']).toBe('the file is cut short');
    expect(reasons['b/cut.png']).toBe('the file is cut short');
    expect(reasons['b/cut.tiff']).toBe('the TIFF image is damaged or cut short');
    expect(reasons['b/damaged.png']).toBe('the PNG image is damaged or cut short');
    expect(progress.at(-1)).toEqual([31, 31]);
  });
  test('loading can be stopped', async () => {
    const path = await write('stopped', await many('a', 3, grey));
    const stop = new Error('stop');
    await expect(load(path, { signal: AbortSignal.abort(stop) })).rejects.toBe(stop);
  });
});

describe('what cannot be used is an error with the way out', () => {
  test.each([
    ['an absent folder', 'DATA_NOT_FOUND', null],
    ['an empty folder', 'DATA_EMPTY', {}],
    ['folders without images', 'DATA_EMPTY', { 'a/x.txt': 'x', 'b/y.txt': 'y' }],
    ['nothing but broken images', 'DATA_EMPTY', { 'a/x.png': 'x', 'b/y.png': 'y' }],
    ['an archive', 'DATA_FORMAT', { 'x.csv': 'a,b' }],
  ] as const)('%s', async (name, code, files) => {
    const path = files ? await write(name, files) : join(root, name);
    const error = await load(path).catch((e) => e);
    expect(error).toMatchObject({ code, exitCode: 3 });
    expect(error.message).toContain(path);
    expect(error.hint.length).toBeGreaterThan(20);
  });
  test('one class, or images without folders', async () => {
    const one = await write('one', await many('only', 4, grey));
    await expect(load(one)).rejects.toMatchObject({
      code: 'DATA_ONE_CLASS',
      message: expect.stringContaining('"only"'),
    });
    await expect(load(join(one, 'only'))).rejects.toMatchObject({
      code: 'DATA_FORMAT',
      hint: expect.stringContaining('class'),
    });
  });
});

describe('real data', () => {
  const tumours = realData('brain_tumor_mri_cls');
  test.skipIf(tumours.absent)(
    'the leak between the splits of the brain MRI set is found, file by file',
    async () => {
      const { dataset, report } = await load(tumours.path);
      expect(dataset).toMatchObject({ channels: 1, height: 128, width: 128, test: { count: 394 } });
      expect(dataset.train.count + dataset.val.count).toBe(2870);
      const files = async (split: string) => {
        const names = (await readdir(join(tumours.path, split), { recursive: true })).filter((f) =>
          f.endsWith('.jpg'),
        );
        return Promise.all(
          names.map(async (name) =>
            createHash('sha256')
              .update(await readFile(join(tumours.path, split, name)))
              .digest('hex'),
          ),
        );
      };
      // Counted from the bytes of the files, which are equal exactly where the pixels are.
      const train = await files('train');
      const known = new Set(train);
      const leaked = (await files('test')).filter((hash) => known.has(hash)).length;
      expect(leaked).toBeGreaterThan(0);
      expect(report.leaks).toMatchObject([{ splits: ['train', 'test'], count: leaked }]);
      expect(report.leaks[0]!.files).toHaveLength(leaked);
      expect(report.duplicates[0]).toMatchObject({ split: 'train', count: train.length - known.size });
      expect(report.warnings.join()).toMatch(/test images stand in train too/);
    },
  );
});
