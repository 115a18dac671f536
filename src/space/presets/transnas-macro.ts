/**
 * The macro space of TransNAS-Bench-101 (Duan et al. 2021): four to six modules of two residual blocks each; one to four
 * modules halve the map and one to three double the channels: 3,256 networks.
 */
import { fail } from '../../errors.ts';
import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { reluConvBn } from '../../network/blocks/relu-conv-bn.ts';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import { struct, subset, type ValueOf, variant } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import type { SearchSpace, TableRule } from '../space.ts';
import { archIntegers } from './arch-integers.ts';

const BENCHMARK = "TransNAS-Bench-101's macro space";
const MOST_HALVINGS = 4;
const MOST_DOUBLINGS = 3;

/** The modules, from 0, that halve the map, and those that double the channels. */
const modules = <const I extends readonly number[]>(indices: I) =>
  struct({
    halving: subset(indices, { min: 1, max: MOST_HALVINGS }),
    doubling: subset(indices, { min: 1, max: MOST_DOUBLINGS }),
  });
const choices = variant({
  modules4: modules([0, 1, 2, 3]),
  modules5: modules([0, 1, 2, 3, 4]),
  modules6: modules([0, 1, 2, 3, 4, 5]),
});
type Values = ValueOf<typeof choices>;
const DEPTHS = { modules4: 4, modules5: 5, modules6: 6 } satisfies Record<Values['kind'], number>;

/** The benchmark's basic block: two times ReLU, 3×3 convolution, batch norm; the shortcut is projected where it must be. */
function basicBlock(
  b: NetworkBuilder,
  x: string,
  { out, stride }: { readonly out: number; readonly stride: 1 | 2 },
): string {
  const first = b.scope('conv1', () => reluConvBn(b, x, { out, kernel: 3, stride }));
  const second = b.scope('conv2', () => reluConvBn(b, first, { out, kernel: 3 }));
  if (stride === 1 && b.channels(x) === out) return b.add([second, x]);
  const shortcut = b.scope('shortcut', () => b.batchNorm(b.conv(x, { out, kernel: 1, stride })));
  return b.add([second, shortcut]);
}

const table: TableRule = {
  description:
    'The column arch holds the modules, each 1 (as it is), 2 (doubles the channels), 3 (halves the map) or 4 (both): 64-1242-basic, or (1,2,4,2,0,0) with zeros after the last one.',
  // The networks of class_scene whose figures NAS-Bench-Suite-Zero (Krishnakumar et al. 2022) lists.
  io: { inputShape: [3, 256, 256], outputs: 63 },
  genome: ({ arch }) => {
    if (arch === undefined) return null;
    const wrong = (reason: string): never =>
      fail('ARCHITECTURE', { benchmark: BENCHMARK, text: arch, reason });
    const [, code] = /^\s*64-(\d+)-basic\s*$/.exec(arch) ?? [];
    const digits = code === undefined ? archIntegers(arch, BENCHMARK) : [...code].map(Number);
    const depth = digits.findLastIndex((digit) => digit !== 0) + 1;
    const kind = (Object.keys(DEPTHS) as Values['kind'][]).find((name) => DEPTHS[name] === depth);
    if (kind === undefined) return wrong(`it has ${depth} modules where there are 4 to 6`);
    const those = (of: readonly number[]): number[] =>
      [...digits.keys()].filter((i) => of.includes(digits[i]!));
    if (those([1, 2, 3, 4]).length !== depth) wrong('a module is not 1, 2, 3 or 4');
    const [halving, doubling] = [those([3, 4]), those([2, 4])];
    const within = (count: number, most: number): boolean => count >= 1 && count <= most;
    if (!(within(halving.length, MOST_HALVINGS) && within(doubling.length, MOST_DOUBLINGS)))
      wrong(`it halves ${halving.length} times and doubles ${doubling.length} times`);
    return { kind, halving, doubling };
  },
};

/**
 * The space with `channels` after the stem (the benchmark has 64). The strides are the benchmark's for every input; small
 * ones end at single pixels.
 */
export function transnasMacro(options: { readonly channels?: number } = {}): SearchSpace {
  const { channels = 64 } = options;
  return defineSpace({
    name: 'transnas-macro',
    description:
      'The 3,256 networks of the macro space of TransNAS-Bench-101 (Duan et al. 2021): four to six modules of residual blocks, with the places where the map is halved and the channels doubled.',
    choices,
    table,
    build: ({ kind, halving, doubling }, io) => {
      const b = networkBuilder(io.inputShape);
      let out = channels;
      let x = b.scope('stem', () => {
        const conv = b.batchNorm(b.conv(b.input, { out: out / 2, kernel: 3, stride: 2 }));
        return reluConvBn(b, conv, { out, kernel: 3, stride: 2 });
      });
      const has = (modules: readonly number[], i: number): boolean => modules.includes(i);
      for (let i = 0; i < DEPTHS[kind]; i++) {
        const stride = has(halving, i) ? 2 : 1;
        if (has(doubling, i)) out *= 2;
        x = b.scope(`module${i}.block0`, () => basicBlock(b, x, { out, stride }));
        x = b.scope(`module${i}.block1`, () => basicBlock(b, x, { out, stride: 1 }));
      }
      return b.build([classifierHead(b, x, io.outputs)]);
    },
  });
}
