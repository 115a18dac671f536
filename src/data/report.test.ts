import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { assembleDataset } from './assemble.ts';
import { formatDataReport } from './format-report.ts';
import type { ImageSource } from './source.ts';
import { pixelSource, pixelSplit } from './testing/images.ts';

const reportOf = (source: ImageSource) =>
  assembleDataset(source, { name: 'mine', path: 'mine', synthetic: false, random: createRandom(1) }).report;
const values = (label: number, from: number, to: number): [number, number][] =>
  Array.from({ length: to - from }, (_, i) => [label, from + i]);

const leaking = pixelSource(['a', 'b'], {
  train: pixelSplit('train', [...values(0, 0, 110), ...values(1, 110, 120), [0, 5], [0, 5]]),
  val: pixelSplit('val', [...values(0, 120, 130), [1, 130]]),
  test: pixelSplit('test', [
    [0, 3],
    [1, 111],
    [1, 112],
    [0, 200],
    [1, 5],
    [0, 120],
  ]),
});

describe('the report', () => {
  const report = reportOf(leaking);
  test('counts classes, splits and imbalance', () => {
    expect(report.classes).toEqual([
      { name: 'a', train: 112, val: 10, test: 3 },
      { name: 'b', train: 10, val: 1, test: 3 },
    ]);
    expect(report.imbalance).toBeCloseTo(11.2);
    expect(report.images).toBe(139);
    expect(report.splits.val).toEqual({ count: 11, origin: 'given' });
  });
  test('names images that stand in two splits', () => {
    expect(report.leaks).toEqual([
      {
        splits: ['train', 'test'],
        count: 4,
        files: [
          ['train/3', 'test/0'],
          ['train/111', 'test/1'],
          ['train/112', 'test/2'],
          ['train/5', 'test/4'],
        ],
      },
      { splits: ['val', 'test'], count: 1, files: [['val/0', 'test/5']] },
    ]);
  });
  test('names duplicates within a split and identical images of two classes', () => {
    expect(report.duplicates).toEqual([
      { split: 'train', count: 2, examples: [['train/5', 'train/120', 'train/121']] },
    ]);
    expect(report.labelConflicts).toEqual({
      count: 1,
      examples: [['train/5', 'train/120', 'train/121', 'test/4']],
    });
  });
  test('warns in sentences, and nothing is lost in JSON', () => {
    expect(report.warnings.join('\n')).toMatch(
      /4 of the test images stand in train too \(test\/0 is train\/3\)/,
    );
    expect(report.warnings.join('\n')).toMatch(/11 times the training images/);
    expect(report.warnings.join('\n')).toMatch(/1 image stands in more than one class/);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
  test('a sound set has nothing to warn of', () => {
    const sound = pixelSource(['a', 'b'], {
      train: pixelSplit('all', [...values(0, 0, 50), ...values(1, 50, 100)]),
    });
    expect(reportOf(sound)).toMatchObject({
      warnings: [],
      leaks: [],
      duplicates: [],
      labelConflicts: { count: 0 },
    });
  });
  test('few images, absent classes and unreadable files are warned of', () => {
    const source = pixelSource(['a', 'rare', 'absent'], {
      train: pixelSplit('all', [...values(0, 0, 50), ...values(1, 50, 54)]),
    });
    const warnings = reportOf({
      ...source,
      unreadable: [{ file: 'a/x.png', reason: 'the file is empty' }],
    }).warnings;
    expect(warnings).toContain('Fewer than 10 images in rare: too few to learn from.');
    expect(warnings).toContain('No train images of absent.');
    expect(warnings.join()).toContain(
      '1 image cannot be decoded and was left out, first a/x.png: the file is empty.',
    );
  });
});

test('the report as lines', () => {
  const lines = formatDataReport(reportOf(leaking));
  expect(lines[0]).toBe('Data: mine (test), 139 images, 2 classes, 1×1 grey');
  expect(lines).toContain('Splits: train 122, val 11, test 6');
  expect(lines).toContain('Classes (train): a 112, b 10 (largest to smallest 11.2 : 1)');
  const leak = lines.indexOf('In two splits: 4 images of test stand in train too');
  expect(lines.slice(leak + 1, leak + 3)).toEqual(['  train/3 = test/0', '  train/111 = test/1']);
  expect(lines).toContain('  train/5 = train/120 = train/121');
  expect(lines[lines.indexOf('In two classes: 1 image') + 1]).toBe(
    '  train/5 = train/120 = train/121 = test/4',
  );
  expect(lines.filter((line) => line.startsWith('Warning:')).length).toBeGreaterThan(2);
});

test('ten files are named in the terminal, and how many more there are', () => {
  const many = pixelSource(['a', 'b'], {
    train: pixelSplit('train', [...values(0, 0, 60), ...values(1, 60, 120)]),
    test: pixelSplit('test', values(0, 0, 25)),
  });
  const report = reportOf(many);
  const lines = formatDataReport(report);
  const at = lines.indexOf('In two splits: 25 images of test stand in train too');
  expect(lines[at + 10]).toBe('  train/9 = test/9');
  expect(lines[at + 11]).toBe('  and 15 more; the report names them');
  expect(report.leaks[0]!.files).toHaveLength(25);
});
