import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { classifierHead } from './blocks/classifier-head.ts';
import { convBnAct } from './blocks/conv-bn-act.ts';
import { NAS_BENCH_201_OPERATIONS, nasBench201Cell } from './blocks/nas-bench-201-cell.ts';
import { residualBlock } from './blocks/residual-block.ts';
import { networkBuilder } from './builder.ts';
import { layerCosts, networkCost } from './cost.ts';
import type { Network } from './network.ts';
import { networkShapes } from './rules/shape.ts';

function resNet20(): Network {
  const b = networkBuilder([3, 32, 32]);
  let x = convBnAct(b, b.input, { out: 16, kernel: 3, activation: 'relu' });
  for (const [stage, out] of [16, 32, 64].entries())
    for (let block = 0; block < 3; block++)
      x = residualBlock(b, x, {
        out,
        kernel: 3,
        stride: stage > 0 && block === 0 ? 2 : 1,
        activation: 'relu',
      });
  return b.build([classifierHead(b, x, 10)]);
}

describe('networkCost', () => {
  it('is that of ResNet-20 (He et al. 2016) with projected shortcuts, summed by hand', () => {
    const stem = 16 * 3 * 9;
    const stages = 6 * 16 * 16 * 9 + (32 * 16 + 5 * 32 * 32) * 9 + (64 * 32 + 5 * 64 * 64) * 9;
    const shortcuts = 32 * 16 + 64 * 32;
    const norms = 2 * (16 * 7 + 32 * 7 + 64 * 7);
    const { params, macs } = networkCost(resNet20());
    expect(params).toBe(stem + stages + shortcuts + norms + 650);
    expect(params).toBe(272_474);
    expect(macs).toBe(40_813_184);
  });

  it('counts grouped, strided and biased layers', () => {
    const b = networkBuilder([8, 10, 10]);
    b.conv(b.input, { out: 16, kernel: [3, 5], stride: 2, groups: 4, bias: true });
    b.linear(b.flatten(b.globalAveragePool(b.input)), { out: 3, bias: false });
    const costs = layerCosts(b.build([]));
    expect(costs[0]).toMatchObject({ params: 16 * 2 * 15 + 16, macs: 16 * 25 * 2 * 15, shape: [16, 5, 5] });
    expect(costs.at(-1)).toMatchObject({ kind: 'linear', params: 24, macs: 24 });
  });

  it('has the peak of live activations', () => {
    const b = networkBuilder([1, 4, 4]); // 16 floats
    const wide = b.conv(b.input, { out: 4, kernel: 3 }); // 64; live 80
    const narrow = b.conv(wide, { out: 1, kernel: 3 }); // 16; the input is kept for the sum: 96, the peak
    const sum = b.add([narrow, b.input]); // 16 + 16 + 16
    expect(networkCost(b.build([sum])).memoryBytes).toBe(4 * 96);
    expect(networkCost(b.build([narrow])).memoryBytes).toBe(4 * 96);
    // Kept as an output, the wide value is alive at the end as well.
    expect(networkCost(b.build([sum, wide])).memoryBytes).toBe(4 * 112);
  });
});

// ---- against the benchmark's own figures --------------------------------------------------------------------------

const table = join(process.env.ESPALIER_TEST_DATA ?? '../shared/data', 'nasbench201', 'nb201.csv.gz');

/** The benchmark's macro skeleton: 5 cells a stage, pre-activation reductions with pooled shortcuts. */
function nasBench201(edges: readonly (typeof NAS_BENCH_201_OPERATIONS)[number][]): Network {
  const b = networkBuilder([3, 32, 32]);
  const reluConvBn = (x: string, out: number, stride: number): string =>
    b.batchNorm(b.conv(b.activation(x, 'relu'), { out, kernel: 3, stride }));
  let x = b.batchNorm(b.conv(b.input, { out: 16, kernel: 3 }));
  for (const [stage, out] of [16, 32, 64].entries()) {
    if (stage > 0) {
      const shortcut = b.conv(b.averagePool(x, { kernel: 2 }), { out, kernel: 1 });
      x = b.add([reluConvBn(reluConvBn(x, out, 2), out, 1), shortcut]);
    }
    for (let cell = 0; cell < 5; cell++) x = nasBench201Cell(b, x, edges);
  }
  x = b.activation(b.batchNorm(x), 'relu');
  return b.build([classifierHead(b, x, 10)]);
}

/**
 * The benchmark's FLOPs are our MACs and, for each output element, 2 of a batch norm, 1 of a ReLU and k² of a pool
 * (9² for its 8×8 global pool).
 */
function elementwiseFlops(network: Network): number {
  const shapes = networkShapes(network);
  return network.nodes.reduce((sum, { id, operator }) => {
    const each =
      operator.kind === 'batchNorm'
        ? 2
        : operator.kind === 'activation'
          ? 1
          : operator.kind === 'averagePool'
            ? operator.kernel[0] * operator.kernel[1]
            : operator.kind === 'globalAveragePool'
              ? 81
              : 0;
    return sum + each * shapes.get(id)!.reduce((a, b) => a * b, 1);
  }, 0);
}

describe.skipIf(!existsSync(table))('NAS-Bench-201 (skipped without its table)', () => {
  it('has the published parameters and FLOPs', () => {
    const [header, ...rows] = gunzipSync(readFileSync(table)).toString().trim().split('\n');
    const column = (name: string): number => header!.split(',').indexOf(name);
    for (let i = 0; i < rows.length; i += 521) {
      const cells = rows[i]!.split(',');
      const edges = [...cells[column('arch')]!.matchAll(/(\w+)~/g)].map(
        ([, name]) => NAS_BENCH_201_OPERATIONS.find((o) => o === name)!,
      );
      const network = nasBench201(edges);
      const { params, macs } = networkCost(network);
      expect(params).toBe(Number(cells[column('c10_params')]));
      expect((macs + elementwiseFlops(network)) / 1e6).toBeCloseTo(Number(cells[column('c10_flops_M')]), 6);
    }
  });
});
