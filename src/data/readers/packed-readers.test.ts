import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadImageDataset } from '../load.ts';
import { realData } from '../testing/real-data.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-readers-'));
});
afterAll(() => rm(root, { recursive: true }));

async function write(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const path = join(root, folder);
  await mkdir(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}
const load = (path: string) => loadImageDataset(path, { seed: 1 });
const bytes = (count: number, factor: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * factor) % 251);
const labels = (count: number, classes: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => i % classes);

function idxFile(shape: readonly number[], data: Uint8Array, type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((side, i) => {
    header.writeUInt32BE(side, 4 + 4 * i);
  });
  return Buffer.concat([header, data]);
}

type Typed = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

function npyFile(type: string, shape: readonly number[], data: Typed, fortran = 'False'): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': ${fortran}, 'shape': (${sides}), }`;
  const header = Buffer.from(`${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`);
  const head = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  return Buffer.concat([head, header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

describe('IDX', () => {
  const images = bytes(60 * 6, 7);
  const files = {
    'train-images-idx3-ubyte.gz': gzipSync(idxFile([60, 2, 3], images)),
    'train-labels-idx1-ubyte.gz': gzipSync(idxFile([60], labels(60, 3))),
    't10k-images-idx3-ubyte': idxFile([6, 2, 3], bytes(36, 5)),
    't10k-labels-idx1-ubyte': idxFile([6], labels(6, 3)),
  };
  test('MNIST names, gzipped or plain; names of classes from a list', async () => {
    const path = await write('mnist', { ...files, 'classes.txt': 'ant\nbee\ncat\n' });
    const { dataset, report } = await load(path);
    expect(dataset).toMatchObject({
      name: 'mnist',
      channels: 1,
      height: 2,
      width: 3,
      classes: ['ant', 'bee', 'cat'],
    });
    expect([dataset.train.count, dataset.val.count, dataset.test?.count]).toEqual([54, 6, 6]);
    expect(dataset.test!.images).toEqual(bytes(36, 5));
    expect([...dataset.test!.labels]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(report).toMatchObject({ format: 'IDX', splits: { test: { origin: 'given' } } });
  });
  test('a folder around the folder does not matter', async () => {
    const path = await write('around/inner', files);
    expect((await load(join(path, '..'))).dataset.fingerprint).toBe((await load(path)).dataset.fingerprint);
  });
  test('one pair of files, by folder or by file, is split', async () => {
    const path = await write('pair', {
      'images-idx3-ubyte': idxFile([60, 2, 3], images),
      'labels-idx1-ubyte': idxFile([60], labels(60, 3)),
    });
    const { dataset, report } = await load(path);
    expect(dataset.train.count + dataset.val.count + dataset.test!.count).toBe(60);
    expect(report.splits).toMatchObject({
      val: { origin: 'cut from train' },
      test: { origin: 'cut from train' },
    });
    expect((await load(join(path, 'images-idx3-ubyte'))).dataset.fingerprint).toBe(dataset.fingerprint);
  });
  test.each([
    [
      'images cut short',
      { 'train-images-idx3-ubyte.gz': idxFile([60, 2, 3], images.subarray(1)) },
      /360 values, but 359/,
    ],
    [
      'gzip cut short',
      { 'train-images-idx3-ubyte.gz': files['train-images-idx3-ubyte.gz'].subarray(0, 60) },
      /unzipped/,
    ],
    [
      'another number of labels',
      { 't10k-labels-idx1-ubyte': idxFile([5], labels(5, 3)) },
      /5 labels for the 6 images/,
    ],
    ['floats', { 't10k-images-idx3-ubyte': idxFile([6, 2, 3], bytes(36, 5), 13) }, /not unsigned bytes/],
    ['another size', { 't10k-images-idx3-ubyte': idxFile([6, 3, 2], bytes(36, 5)) }, /3×2/],
    ['something else', { 't10k-images-idx3-ubyte': 'hello world' }, /begin as an IDX/],
  ])('%s: the file and the reason are named', async (name, change, reason) => {
    const path = await write(`broken ${name}`, { ...files, ...change });
    await expect(load(path)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(reason),
    });
    await expect(load(path)).rejects.toThrow(Object.keys(change)[0]!);
  });
  test('missing labels', async () => {
    const path = await write('unlabelled', { 'images-idx3-ubyte': idxFile([2, 2, 3], bytes(12, 3)) });
    await expect(load(path)).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  });
});

describe('NumPy', () => {
  const grey = {
    train_images: npyFile('|u1', [20, 2, 2], bytes(80, 3)),
    train_labels: npyFile(
      '<i8',
      [20, 1],
      BigInt64Array.from({ length: 20 }, (_, i) => BigInt(i % 2)),
    ),
  };
  const held = {
    val_images: npyFile('|u1', [4, 2, 2], bytes(16, 5)),
    val_labels: npyFile('|u1', [4, 1], labels(4, 2)),
    test_images: npyFile('|u1', [6, 2, 2], bytes(24, 11)),
    test_labels: npyFile('|u1', [6, 1], labels(6, 2)),
  };
  const npz = (arrays: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 6): Uint8Array =>
    zipSync(Object.fromEntries(Object.entries(arrays).map(([name, data]) => [`${name}.npy`, data])), {
      level,
    });

  test('.npz in the layout of MedMNIST, packed or not', async () => {
    for (const level of [0, 6] as const) {
      const path = await write(`npz${level}`, { 'tiny.npz': npz({ ...grey, ...held }, level) });
      const { dataset } = await load(join(path, 'tiny.npz'));
      expect(dataset.train.images).toEqual(bytes(80, 3));
      expect([dataset.train.count, dataset.val.count, dataset.test?.count]).toEqual([20, 4, 6]);
      expect([...dataset.val.labels]).toEqual([0, 1, 0, 1]);
      expect((await load(path)).dataset.fingerprint).toBe(dataset.fingerprint);
    }
  });
  test('colour comes interleaved or planar; grey colour becomes grey', async () => {
    const interleaved = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const many = (image: Uint8Array) =>
      Uint8Array.from({ length: 12 * 12 }, (_, i) => (image[i % 12]! + Math.floor(i / 12) * 9) % 256);
    const y = npyFile('<i4', [12], Int32Array.from(labels(12, 2)));
    const rows = npyFile('|u1', [12, 2, 2, 3], many(interleaved));
    const planes = npyFile('|u1', [12, 3, 2, 2], many(Uint8Array.of(1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12)));
    const first = await load(await write('nhwc', { 'x_train.npy': rows, 'y_train.npy': y }));
    const second = await load(await write('nchw', { 'x_train.npy': planes, 'y_train.npy': y }));
    expect(first.dataset.channels).toBe(3);
    expect(first.dataset.fingerprint).toBe(second.dataset.fingerprint);
    const same = npyFile(
      '|u1',
      [12, 2, 2, 3],
      Uint8Array.from({ length: 144 }, (_, i) => Math.floor(i / 3)),
    );
    expect(
      (await load(await write('grey', { 'x_train.npy': same, 'y_train.npy': y }))).dataset.channels,
    ).toBe(1);
  });
  test('real numbers in 0..1 and one-hot labels', async () => {
    const x = npyFile(
      '<f4',
      [12, 2, 1],
      Float32Array.from({ length: 24 }, (_, i) => i / 23),
    );
    const y = npyFile(
      '<f8',
      [12, 3],
      Float64Array.from({ length: 36 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
    );
    const { dataset } = await load(
      await write('floats', {
        'x_train.npy': x,
        'y_train.npy': y,
        'x_val.npy': x,
        'y_val.npy': y,
        'x_test.npy': x,
        'y_test.npy': y,
      }),
    );
    expect([...dataset.train.images]).toEqual(
      Array.from({ length: 24 }, (_, i) => Math.round((i / 23) * 255)),
    );
    expect([...dataset.train.labels].slice(0, 4)).toEqual([0, 1, 2, 0]);
  });
  test.each([
    ['cut short', grey.train_images.subarray(0, 150), grey.train_labels, /80|20×2×2/],
    ['Fortran order', npyFile('|u1', [20, 2, 2], bytes(80, 3), 'True'), grey.train_labels, /Fortran order/],
    ['complex numbers', npyFile('<c8', [20, 2, 2], new Float64Array(80)), grey.train_labels, /of type '<c8'/],
    [
      'values out of range',
      npyFile('<i4', [20, 2, 2], new Int32Array(80).fill(300)),
      grey.train_labels,
      /300/,
    ],
    [
      'not numbers',
      npyFile('<f4', [20, 2, 2], new Float32Array(80).fill(Number.NaN)),
      grey.train_labels,
      /not a number/,
    ],
    [
      'negative labels',
      grey.train_images,
      npyFile('<i4', [20], new Int32Array(20).fill(-1)),
      /label 0 is -1/,
    ],
    [
      'several labels',
      grey.train_images,
      npyFile('|u1', [20, 2], new Uint8Array(40).fill(1)),
      /several labels/,
    ],
    ['masks', grey.train_images, npyFile('|u1', [20, 2, 2], bytes(80, 3)), /segmentation/],
    ['fewer labels', grey.train_images, npyFile('|u1', [19], labels(19, 2)), /19 labels for the 20 images/],
    ['flat images', npyFile('|u1', [20, 4], bytes(80, 3)), grey.train_labels, /shape 20×4/],
  ])('%s: refused with the reason', async (name, x, y, reason) => {
    const path = await write(`npy ${name}`, { 'x_train.npy': x, 'y_train.npy': y });
    await expect(load(path)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(reason),
    });
  });
  test('a damaged zip', async () => {
    const path = await write('npz broken', { 'x.npz': npz(grey).subarray(0, 100) });
    await expect(load(path)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining('unzipped'),
    });
  });
});

describe('CIFAR binary', () => {
  const records = (count: number, labelBytes: number, factor: number): Uint8Array => {
    const result = new Uint8Array(count * (labelBytes + 3072));
    for (let i = 0; i < count; i++) {
      const at = i * (labelBytes + 3072);
      result[at + labelBytes - 1] = i % 2;
      result.set(bytes(3072, factor + i), at + labelBytes);
    }
    return result;
  };
  test('CIFAR-10: five batches and a test batch, names from its list', async () => {
    const batches = Object.fromEntries(
      [1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, records(4, 1, 10 * n)]),
    );
    const path = await write('cifar/cifar-10-batches-bin', {
      ...batches,
      'test_batch.bin': records(3, 1, 100),
      'batches.meta.txt': 'airplane\nbird\n\n',
    });
    const { dataset } = await load(join(path, '..'));
    expect(dataset).toMatchObject({ channels: 3, height: 32, width: 32, classes: ['airplane', 'bird'] });
    expect(dataset.train.count + dataset.val.count).toBe(20);
    expect(dataset.test!.images.subarray(3072, 2 * 3072)).toEqual(bytes(3072, 101));
  });
  test('CIFAR-100: the fine labels; a batch that is missing is said, one that is cut is refused', async () => {
    const fine = await load(
      await write('cifar100', { 'train.bin': records(10, 2, 3), 'test.bin': records(2, 2, 50) }),
    );
    expect([...fine.dataset.test!.labels]).toEqual([0, 1]);
    const path = await write('part', { 'data_batch_1.bin': records(20, 1, 3) });
    expect((await load(path)).report.notes.join()).toContain('data_batch_5.bin');
    await writeFile(join(path, 'data_batch_1.bin'), records(20, 1, 3).subarray(7));
    await expect(load(path)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining(join(path, 'data_batch_1.bin')),
    });
  });
});

describe('real data', () => {
  const mnist = realData('mnist');
  test.skipIf(mnist.absent)('MNIST is whole', async () => {
    const { dataset, report } = await load(mnist.path);
    expect(dataset).toMatchObject({
      channels: 1,
      height: 28,
      width: 28,
      train: { count: 54_000 },
      val: { count: 6000 },
      test: { count: 10_000 },
    });
    // Mean and deviation as published, of 54,000 of the 60,000.
    expect(dataset.normalisation.mean[0]).toBeCloseTo(0.1307, 3);
    expect(dataset.normalisation.std[0]).toBeCloseTo(0.3081, 3);
    expect(report.warnings).toEqual([]);
  });
  const fashion = realData('fashion_mnist_900');
  test.skipIf(fashion.absent)('one pair of files', async () => {
    const { dataset } = await load(fashion.path);
    expect([dataset.train.count, dataset.val.count, dataset.test?.count]).toEqual([650, 110, 140]);
  });
  const flowers = realData('flowers17_16px');
  test.skipIf(flowers.absent)('Flowers-17 as .npy files: splits are kept, its leaks are found', async () => {
    const { dataset, report } = await load(flowers.path);
    expect([dataset.train.count, dataset.val.count, dataset.test?.count]).toEqual([680, 340, 340]);
    expect(report.leaks.map(({ splits, count }) => [...splits, count])).toEqual([
      ['train', 'val', 2],
      ['train', 'test', 7],
      ['val', 'test', 3],
    ]);
  });
  const lungs = realData('ct_lung64');
  test.skipIf(lungs.absent)('masks are not taken for labels', async () => {
    await expect(load(lungs.path)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining('segmentation'),
    });
  });
});
