import { describe, expect, it } from 'vitest';
import { nasBench201Cell } from '../../network/blocks/nas-bench-201-cell.ts';
import { networkBuilder } from '../../network/builder.ts';
import type { Network } from '../../network/network.ts';
import { networkHash } from '../canonical.ts';
import { enumerateGenomes } from '../sampling.ts';
import { spaceSize } from '../size.ts';
import { nasBench101 } from './nasbench101.ts';
import { fromArchString, type NasBench201Genome, nasBench201, toArchString } from './nasbench201.ts';

const space = nasBench201();
const edgesOf = (g: NasBench201Genome) => [g.edge01, g.edge02, g.edge12, g.edge03, g.edge13, g.edge23];
const genomes = [...enumerateGenomes(space)] as NasBench201Genome[];

describe('the architecture string', () => {
  it('is the one of the benchmark', () => {
    const text = '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|';
    const genome = fromArchString(text);
    expect(genome).toEqual({
      edge01: 'nor_conv_3x3',
      edge02: 'nor_conv_3x3',
      edge12: 'avg_pool_3x3',
      edge03: 'skip_connect',
      edge13: 'nor_conv_3x3',
      edge23: 'none',
    });
    expect(toArchString(genome)).toBe(text);
  });

  it('stands for one cell each', () => {
    expect(new Set(genomes.map(toArchString)).size).toBe(15625);
    for (const genome of genomes.slice(0, 200)) expect(fromArchString(toArchString(genome))).toEqual(genome);
  });

  it.each([
    ['|none~0|+|none~0|none~1|', 'it has 2 nodes where there are 3'],
    [
      '|none~0|+|none~0|+|none~0|none~1|none~2|',
      'node 2, "|none~0|", does not have 2 operations between bars',
    ],
    ['|none~0|+|none~0|none~0|+|none~0|none~1|none~2|', '"none~0" in node 2 does not come from node 1'],
    ['|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|', '"conv" is not an operation'],
  ])('says what is wrong with %s', (text, reason) => {
    expect(() => fromArchString(text)).toThrow(reason);
  });
});

/**
 * The benchmark's own count of unique cells writes a cell as nested text: `(input)@operation`, joined by `+` in sorted
 * order; skip connections give their input's text, and zeros `#`. With `dropZeros`, zeros leave sums; with `flatten`, a
 * sum that is skipped into another sum becomes part of it.
 */
function cellText(
  genome: NasBench201Genome,
  rules: { dropZeros?: boolean; flatten?: boolean; zeros?: boolean },
): string {
  const { zeros = true, dropZeros = false, flatten = false } = rules;
  const edges = edgesOf(genome);
  const nodes: string[][] = [['0']];
  for (let to = 1, edge = 0; to <= 3; to++) {
    const terms = nodes.flatMap((from) => {
      const operation = edges[edge++]!;
      const text = from.join('+');
      const isZero = zeros && (operation === 'none' || text === '#' || from.length === 0);
      if (isZero) return dropZeros ? [] : ['#'];
      if (operation === 'skip_connect')
        return flatten ? from : dropZeros && from.length > 1 ? [`<${text}>`] : [text];
      return [`(${text})@${operation}`];
    });
    nodes.push(terms.sort());
  }
  return nodes[3]!.join('+');
}

describe('unique cells', () => {
  it('are 15,625 before any is found equal', () => {
    expect(spaceSize(space)).toBe(15625n);
    expect(new Set(genomes.map((genome) => JSON.stringify(genome))).size).toBe(15625);
  });

  const cell = (genome: NasBench201Genome, leaveOutNorms: boolean): Network => {
    const b = networkBuilder([4, 8, 8]);
    const network = b.build([nasBench201Cell(b, b.input, edgesOf(genome))]);
    if (!leaveOutNorms) return network;
    const norms = new Map(
      network.nodes.filter((n) => n.operator.kind === 'batchNorm').map((n) => [n.id, n.inputs[0]!]),
    );
    const past = (id: string): string => norms.get(id) ?? id;
    return {
      ...network,
      nodes: network.nodes.filter((n) => !norms.has(n.id)).map((n) => ({ ...n, inputs: n.inputs.map(past) })),
      outputs: network.outputs.map(past),
    };
  };

  it('are 5,485 by the canonical hash; the way there from the 6,466 of the literature', () => {
    const distinct = (key: (genome: NasBench201Genome) => string): number => new Set(genomes.map(key)).size;
    // Dong & Yang 2020 find 6,466 by their text, and 12,751 when zeros are not recognised.
    expect(distinct((genome) => cellText(genome, { zeros: false }))).toBe(12751);
    expect(distinct((genome) => cellText(genome, {}))).toBe(6466);
    // Their text keeps `#` in sums, so `x + 0` is not `x`: 647 cells too many.
    expect(distinct((genome) => cellText(genome, { dropZeros: true }))).toBe(5819);
    // A sum skipped into a sum is one sum, whose order does not matter: 889 fewer.
    expect(distinct((genome) => cellText(genome, { dropZeros: true, flatten: true }))).toBe(4930);
    // Text cannot tell a layer used twice from two layers of equal structure: 330 more.
    expect(distinct((genome) => networkHash(cell(genome, true)))).toBe(5260);
    // The batch normalisation after a convolution of zero learns a shift, and so is not zero: 225 more.
    expect(distinct((genome) => networkHash(cell(genome, false)))).toBe(5485);
  });

  it('make whole networks equal exactly when the cells are', () => {
    const small = nasBench201({ cells: 1, channels: 4 });
    const io = { inputShape: [1, 8, 8], outputs: 2 } as const;
    const byCell = new Map<string, string>();
    for (let i = 0; i < genomes.length; i += 23) {
      const whole = networkHash(small.build(genomes[i]!, io));
      const own = networkHash(cell(genomes[i]!, false));
      expect(byCell.get(own) ?? whole).toBe(whole);
      byCell.set(own, whole);
    }
    expect(new Set(byCell.values()).size).toBe(byCell.size);
  });
});

it('reads both forms of a table, and they mean the same cell', () => {
  const { genome } = nasBench201().table!;
  const text = '|skip_connect~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_1x1~1|none~2|';
  expect(genome({ arch: '(0,2,3,2,3,1)' })).toEqual(fromArchString(text));
  expect(genome({ arch: text })).toEqual(fromArchString(text));
  for (const wrong of ['', '5', '-1', '1.0'])
    expect(() => genome({ arch: `(0,${wrong},3,2,3,1)` })).toThrow('no operation from 0 to 4');
  expect(genome({ cell: text })).toBeNull();
  expect(() => genome({ arch: '(0,2,3,2,3)' })).toThrow(/5 operations where there are 6/);
  expect(() => genome({ arch: '(0,2,3,2,3,7)' })).toThrow(/"7" is no operation/);
});

it.each([
  [() => nasBench201({ cells: 0 }), 'nasBench201({ cells: 0 }): cells is a whole number of 1 or more'],
  [() => nasBench201({ channels: 1.5 }), 'nasBench201({ channels: 1.5 })'],
  [() => nasBench101({ cells: Number.NaN }), 'nasBench101({ cells: NaN })'],
])('a stack of no size is refused where it is made: %#', (make, message) => {
  expect(make).toThrow(message);
});
