import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import type { SearchSpace } from '../space/space.ts';
import { equalNetworks } from './equal-networks.ts';
import { createProblem, type ProblemOptions } from './problem.ts';
import { hypervolumeRatio } from './score.ts';
import { readTable } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-equal-networks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Blocks for so many milliseconds. */
const sleep = (milliseconds: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** A dead branch or none: three widths, each of two rows. */
const twins: SearchSpace = defineSpace({
  name: 'twins',
  description: 'A layer, and perhaps another one that leads nowhere.',
  choices: struct({ width: oneOf([1, 2, 3]), dead: oneOf([true, false]) }),
  build: ({ width, dead }, { inputShape, outputs }) => {
    const b = networkBuilder(inputShape);
    const x = b.flatten(b.input);
    if (dead) b.linear(x, { out: 50 });
    return b.build([b.linear(b.linear(x, { out: width }), { out: outputs })]);
  },
  table: {
    description: 'The columns width and dead.',
    io: { inputShape: [1, 2, 2], outputs: 2 },
    genome: ({ width, dead }) => ({ width: Number(width), dead: dead === 'yes' }),
  },
});

test('rows of one network are one architecture where that is asked for, its values their means', async () => {
  const file = join(folder, 'twins.csv');
  writeFileSync(
    file,
    'width,dead,accuracy,latency\n1,yes,1,10\n1,no,3,14\n2,no,5,2\n2,yes,7,4\n3,no,9,1\n3,no,9,3\n3,yes,3,8\n',
  );
  const measured = readTable(file);
  const networkOf = await equalNetworks(measured, twins, new AbortController().signal, () => undefined);
  const options: ProblemOptions = {
    table: measured,
    space: twins,
    signal: { column: 'accuracy', better: 'max' },
    report: 'accuracy',
    cost: null,
    objectives: [],
    lowFidelities: [],
    proxies: [{ table: measured, column: 'latency' }],
  };
  const byRows = createProblem(options);
  const merged = createProblem({ ...options, networkOf });
  expect(byRows.genomes).toHaveLength(6);
  expect([...merged.values[0]![0]!]).toEqual([2, 6, 7]);
  // Means over rows, so that a genome that was measured twice counts twice.
  expect(merged.genomes.map((genome) => merged.proxies[0]!.score(genome))).toEqual([12, 3, 4]);
  // The genome without dead branches stands for all: its cost is the architecture's.
  expect(merged.genomes.map((genome) => (genome as { dead: boolean }).dead)).toEqual([false, false, false]);
  expect(merged.rowOf({ width: 2, dead: true })).toBe(merged.rowOf({ width: 2, dead: false }));
  expect(merged.inspect({ width: 2, dead: true })).toBe(merged.inspect({ width: 2, dead: false }));
  expect(byRows.inspect({ width: 2, dead: true })!.hash).toBe(
    byRows.inspect({ width: 2, dead: false })!.hash,
  );
  expect(merged.leftOut).toEqual([
    '1 rows repeat an architecture',
    '3 rows build the network of another row; the mean of its rows counts',
  ]);
  // The front of the means: a width of 2 costs least, a width of 3 is the most accurate.
  const ratio = hypervolumeRatio(
    createProblem({ ...options, networkOf, objectives: [{ column: 'latency', better: 'min' }] }),
  );
  const evaluation = (row: number) => ({ row, fidelity: 0, cost: 0 });
  expect(ratio([evaluation(1), evaluation(2)])).toBeCloseTo(1, 9);
  expect(ratio([evaluation(2)])).toBeLessThan(0.95);
});

test('building the networks of a table ends with the signal', async () => {
  const file = join(folder, 'many.csv');
  writeFileSync(file, `width,dead\n${'1,yes\n'.repeat(20)}`);
  const slow = {
    ...twins,
    build: (...args: Parameters<typeof twins.build>) => {
      sleep(80);
      return twins.build(...args);
    },
  };
  const ended = equalNetworks(readTable(file), slow, AbortSignal.abort(new Error('stop')), () => undefined);
  await expect(ended).rejects.toThrow('stop');
});
