/** The spaces of tabular benchmarks against the benchmarks' own figures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { layerCosts, networkCost } from '../../network/cost.ts';
import { networkShapes } from '../../network/rules/shape.ts';
import { createRandom } from '../../random.ts';
import { networkHash } from '../canonical.ts';
import type { Genome } from '../genome.ts';
import { sampleNetwork } from '../sample-network.ts';
import { sampleGenome } from '../sampling.ts';
import { spaceSize } from '../size.ts';
import type { SearchSpace } from '../space.ts';
import { validateGenome } from '../validation.ts';
import { PRESETS } from './index.ts';

type Row = Readonly<Record<string, string>>;
const DATA = process.env.ESPALIER_TEST_DATA ?? '../shared/data';
const path = (...names: readonly string[]): string => join(DATA, ...names);

/** Every `each`-th row of a gzipped CSV file whose tuples are quoted. */
function rowsOf(file: string, each: number): Row[] {
  const [header, ...lines] = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  const cells = (line: string): string[] =>
    [...line.matchAll(/"([^"]*)"(?:,|$)|([^,]*)(?:,|$)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const names = cells(header!);
  return lines
    .filter((_, i) => i % each === 0)
    .map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i] ?? '', cell])));
}

const ruleOf = (space: SearchSpace) => space.table!;
function costOf(space: SearchSpace, row: Row): { readonly params: number; readonly macs: number } {
  const { genome, io } = ruleOf(space);
  const found = genome(row)!;
  validateGenome(space, found);
  return networkCost(space.build(found, io));
}

const {
  nasbench101,
  nasbench201,
  nasbench301,
  'nats-size': natsSize,
  'transnas-macro': transnas,
  'transnas-micro': micro,
} = PRESETS;

const sample101 = path('nasbench101_sample', 'nb101_sample.csv.gz');
test.skipIf(!existsSync(sample101))('NAS-Bench-101: published parameters (skipped without its table)', () => {
  const rows = rowsOf(sample101, 140);
  // The few small graphs come on top.
  const small = rowsOf(sample101, 1).filter((row) => Number(row.vertices) < 5);
  expect(rows.length).toBeGreaterThan(200);
  expect(small.length).toBeGreaterThan(10);
  const hashes = new Set<string>();
  for (const row of [...rows, ...small]) {
    expect(costOf(nasbench101, row).params).toBe(Number(row.params));
    hashes.add(`${row.hash}`);
  }
  expect(hashes.size).toBeGreaterThan(200);
});

test.skipIf(!existsSync(sample101))('NAS-Bench-101: rows are told apart (skipped without its table)', () => {
  const rows = rowsOf(sample101, 10);
  const identities = new Set(rows.map((row) => nasbench101.identity!(ruleOf(nasbench101).genome(row)!)));
  expect(identities.size).toBe(rows.length);
});

test('NAS-Bench-101: a graph is one architecture, however its vertices are numbered', () => {
  const random = createRandom('identity');
  let exchanged = 0;
  for (let i = 0; i < 300; i++) {
    const genome = sampleGenome(nasbench101, random.split(i)) as { readonly [choice: string]: Genome };
    const drawn = genome.edges as readonly string[];
    const v = 1 + random.int(4);
    // Without an edge between them, two neighbours may change places.
    if (drawn.includes(`${v}${v + 1}`)) continue;
    const places = new Map([
      [`${v}`, `${v + 1}`],
      [`${v + 1}`, `${v}`],
    ]);
    const edges = drawn.map((edge) => [...edge].map((digit) => places.get(digit) ?? digit).join(''));
    const other = {
      ...genome,
      edges: edges.sort(),
      [`vertex${v}`]: genome[`vertex${v + 1}`]!,
      [`vertex${v + 1}`]: genome[`vertex${v}`]!,
    };
    expect(nasbench101.identity!(other)).toBe(nasbench101.identity!(genome));
    if (JSON.stringify(other) !== JSON.stringify(genome)) exchanged++;
  }
  expect(exchanged).toBeGreaterThan(30);
});

const zero101 = path('zc_suite', 'nasbench101.csv.gz');
test.skipIf(!existsSync(zero101))('NAS-Bench-101: tuples of NASLib (skipped without its table)', () => {
  for (const row of rowsOf(zero101, 5))
    expect(costOf(nasbench101, row).params / 1e6 / Number(row.params)).toBeCloseTo(1, 4);
});

const zeroTransnas = path('zc_suite', 'transnasbench101_macro.csv.gz');
test.skipIf(!existsSync(zeroTransnas))(
  'TransNAS-Bench-101 macro: published parameters and MACs (skipped without its table)',
  () => {
    const rows = rowsOf(zeroTransnas, 1).filter(({ task }, i) => task === 'class_scene' && i % 3 === 0);
    expect(rows.length).toBeGreaterThan(200);
    for (const row of rows) {
      const { params, macs } = costOf(transnas, row);
      expect(params / 1e6 / Number(row.params)).toBeCloseTo(1, 4);
      // Theirs count elementwise work as well.
      expect(macs / 1e6 / Number(row.flops)).toBeGreaterThan(0.97);
      expect(macs / 1e6 / Number(row.flops)).toBeLessThan(1);
    }
  },
);

const zeroMicro = path('zc_suite', 'transnasbench101_micro.csv.gz');
test.skipIf(!existsSync(zeroMicro))(
  'TransNAS-Bench-101 micro: published parameters (skipped without its table)',
  () => {
    const rows = rowsOf(zeroMicro, 1).filter((row) => row.task === 'class_scene');
    expect(rows.length).toBeGreaterThan(500);
    for (const row of rows.filter((_, i) => i % 10 === 0)) {
      const { params, macs } = costOf(micro, row);
      expect(params / 1e6 / Number(row.params)).toBeCloseTo(1, 4);
      // Theirs count elementwise work as well.
      expect(macs / 1e6 / Number(row.flops)).toBeGreaterThan(0.9);
      expect(macs / 1e6 / Number(row.flops)).toBeLessThan(1.01);
    }
  },
);

const zero301 = path('zc_suite', 'nasbench301.csv.gz');
test.skipIf(!existsSync(zero301))('NAS-Bench-301: published parameters (skipped without its table)', () => {
  const { genome, io } = ruleOf(nasbench301);
  const rows = rowsOf(zero301, 7);
  expect(rows.length).toBeGreaterThan(100);
  for (const row of rows) {
    const found = genome(row)!;
    validateGenome(nasbench301, found);
    // NASLib's norms within cells have no weights.
    const layers = layerCosts(nasbench301.build(found, io)).filter(
      ({ id, kind }) => !(kind === 'batchNorm' && id.includes('.edge')),
    );
    const params = layers.reduce((sum, layer) => sum + layer.params, 0);
    expect(params / 1e6 / Number(row.params)).toBeCloseTo(1, 5);
  }
});

test('NATS-Bench sizes have the parameters that the benchmark states', () => {
  // Dong et al.'s stored figures for CIFAR-10.
  for (const [arch, params] of [
    ['8:8:8:8:8', 11714],
    ['8:8:16:40:40', 107826],
    ['64:64:64:64:64', 713674],
  ] as const)
    expect(costOf(natsSize, { arch }).params).toBe(params);
});

it.each([
  // Liu et al. 2019: two cells of 10⁹ each.
  ['nasbench301', (7n ** 8n * 180n) ** 2n],
  ['nats-size', 32768n],
  ['transnas-macro', 3256n],
  ['transnas-micro', 4096n],
] as const)('%s holds as many networks as its benchmark', (name, size) => {
  expect(spaceSize(PRESETS[name])).toBe(size);
});

describe('NAS-Bench-101 cells', () => {
  const { genome, io } = ruleOf(nasbench101);
  const hashOf = (found: Genome): string => networkHash(nasbench101.build(found, io));
  const of = (...edges: readonly string[]): Genome => ({
    edges,
    vertex1: 'conv3x3-bn-relu',
    vertex2: 'maxpool3x3',
    vertex3: 'conv1x1-bn-relu',
    vertex4: 'conv3x3-bn-relu',
    vertex5: 'conv3x3-bn-relu',
  });

  it('are embedded with their first vertices, and mean the same in both forms', () => {
    const row = genome({ vertices: '4', adj_upper: '110011', ops: '20' });
    expect(row).toEqual({
      edges: ['01', '02', '16', '26'],
      vertex1: 'maxpool3x3',
      vertex2: 'conv3x3-bn-relu',
      vertex3: 'conv3x3-bn-relu',
      vertex4: 'conv3x3-bn-relu',
      vertex5: 'conv3x3-bn-relu',
    });
    // Vertex 1 has no way to the output and is left out, with three of the edges.
    const flat = [
      ...[0, 1, 1, 0, 1, 0, 0],
      ...[0, 0, 0, 1, 0, 1, 0],
      ...[0, 0, 0, 0, 0, 0, 1],
      ...[0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 1],
      ...[0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0],
      ...[0, 3, 2, 3, 4, 4, 1],
    ];
    expect(genome({ arch: `(${flat.join(',')})` })).toEqual(row);
    expect(genome({ cell: '' })).toBeNull();
  });

  it('of one graph are one network, whatever hangs loose', () => {
    expect(hashOf(of('01', '14', '46'))).toBe(hashOf(of('01', '14', '46', '12', '35')));
    expect(hashOf(of('01', '14', '46'))).not.toBe(hashOf(of('01', '14', '46', '06')));
    expect(hashOf(of('06'))).toBe(hashOf(of('06', '13')));
  });

  it('split channels at the output, the first vertices taking the rest, and cut those that are wider', () => {
    const network = nasbench101.build(of('01', '02', '03', '12', '23', '16', '26', '36'), io);
    const shapes = networkShapes(network);
    const at = (id: string) => shapes.get(`stage0.cell0.${id}`);
    expect(at('vertex1.relu')).toEqual([43, 32, 32]);
    expect(at('vertex2.maxPool')).toEqual([43, 32, 32]);
    expect(at('vertex3.slice')).toEqual([42, 32, 32]);
    expect(at('vertex3.relu')).toEqual([42, 32, 32]);
    expect(at('output.concat')).toEqual([128, 32, 32]);
  });

  it('without a path from input to output are refused', () => {
    expect(() => nasbench101.build(of('01', '12', '36'), io)).toThrow(
      expect.objectContaining({ code: 'UNCONNECTED' }),
    );
  });

  it('are about four of five random genomes', () => {
    const random = createRandom('connected');
    let draws = 0;
    const counting = {
      ...nasbench101,
      build: (...given: Parameters<typeof nasbench101.build>) => {
        draws++;
        return nasbench101.build(...given);
      },
    };
    for (let i = 0; i < 100; i++) sampleNetwork(counting, random, io);
    expect(100 / draws).toBeGreaterThan(0.65);
  });
});

const CELLS301 =
  '[[(1,4),(0,2),(1,3),(2,3),(0,0),(1,1),(4,6),(0,5)],[(0,3),(1,3),(0,3),(1,3),(0,3),(1,3),(0,3),(1,3)]]';
test('cells of DARTS are read in any order of their edges', () => {
  const genome = ruleOf(nasbench301).genome({ arch: CELLS301 }) as { normal: { [node: string]: Genome } };
  expect(genome.normal.node2).toEqual({ inputs: [0, 1], lower: 'skip_connect', higher: 'sep_conv_5x5' });
  expect(genome.normal.node5).toEqual({ inputs: [0, 4], lower: 'dil_conv_3x3', higher: 'dil_conv_5x5' });
});

describe('a row that is no architecture', () => {
  it.each([
    [nasbench101, { vertices: '3', adj_upper: '1100', ops: '0' }, /4 edges and 1 operations/],
    [nasbench101, { vertices: '3', adj_upper: '100', ops: '0' }, /no path from its input/],
    [nasbench101, { vertices: '3', adj_upper: '101', ops: '7' }, /7 is no operation/],
    [nasbench101, { arch: '(0,1,2)' }, /3 numbers are no square matrix/],
    [
      nasbench101,
      { vertices: '6', adj_upper: '1'.repeat(15), ops: '0000' },
      /15 edges where there are at most 9/,
    ],
    [nasbench301, { arch: '[[(0,0),(1,5)],[(1,1)]]' }, /6 numbers where there are 32/],
    [nasbench301, { arch: CELLS301.replace('(1,3),(2,3)', '(1,3),(1,3)') }, /node3 cannot take 1 and 1/],
    [nasbench301, { arch: CELLS301.replace('(0,2)', '(0,7)') }, /7 is no operation/],
    [natsSize, { arch: '8:8:8:8' }, /4 widths/],
    [natsSize, { arch: '8:8:8:8:12' }, /not one of 8, 16/],
    [transnas, { arch: '(1,2,4,0,0,0)' }, /3 modules/],
    [transnas, { arch: '(1,2,0,4,1,0)' }, /is not 1, 2, 3 or 4/],
    [transnas, { arch: '64-1122-basic' }, /halves 0 times/],
    [transnas, { arch: 'none' }, /"none" is not an integer/],
    [micro, { arch: '(1,2,4,0,0,0)' }, /4 is no operation/],
    [micro, { arch: '(1,2,3)' }, /3 operations/],
  ] as const)('%# is refused', (space, row: Row, reason) => {
    const { genome } = ruleOf(space);
    expect(() => genome(row)).toThrow(reason);
    expect(() => genome(row)).toThrow(expect.objectContaining({ code: 'ARCHITECTURE' }));
  });

  it('reads both forms of TransNAS-Bench-101', () => {
    const { genome } = ruleOf(transnas);
    expect(genome({ arch: '64-1242-basic' })).toEqual({
      kind: 'modules4',
      halving: [2],
      doubling: [1, 2, 3],
    });
    expect(genome({ arch: '(1,2,4,2,0,0)' })).toEqual(genome({ arch: '64-1242-basic' }));
  });
});

test('every table of a preset says what it reads, and has no genome for other columns', () => {
  for (const space of [nasbench101, nasbench201, nasbench301, natsSize, transnas]) {
    expect(ruleOf(space).description).toContain('arch');
    expect(ruleOf(space).genome({ id: '1' })).toBeNull();
  }
});
