/** Cases of random shapes, axes, strides, paddings and broadcasts: every operator of every family in turn. */
import type { Random } from '../../../random.ts';
import type { OperatorCase } from '../operator-case.ts';
import * as activation from './activation.ts';
import * as arithmetic from './arithmetic.ts';
import * as convolution from './convolution.ts';
import type { Draw } from './draw.ts';
import * as indexing from './indexing.ts';
import * as matrix from './matrix.ts';
import * as norm from './norm.ts';
import { recurrent } from './recurrent.ts';
import * as structure from './structure.ts';
import * as window from './window.ts';

/** The draws of a family, one for each operator or kind of it, and how often each is drawn. */
const FAMILIES: readonly (readonly [string, Draw | readonly Draw[], number])[] = [
  ['convolution', convolution.convolution, 40],
  ['transposed convolution', convolution.transposedConvolution, 10],
  ['sequences', convolution.sequences, 5],
  ['volumes', convolution.volumes, 6],
  ['pools of volumes', window.volumePools, 6],
  ['padding by name', window.autoPadded, 3],
  ['matmul', matrix.matmul, 9],
  ['einsum', matrix.einsum, 2],
  ['einsum with an ellipsis', matrix.einsumOfUnnamed, 1],
  ['gemm', matrix.gemm, 8],
  ['binary', arithmetic.binary, 5],
  ['tied extrema', arithmetic.tiedExtrema, 3],
  ['variadic', arithmetic.variadic, 5],
  ['constant powers', arithmetic.constantPower, 3],
  ['where', arithmetic.where, 5],
  ['unary', activation.unary, 3],
  ['prelu', activation.prelu, 4],
  ['biased gelu', activation.biasGelu, 2],
  ['softmax', activation.softmax, 3],
  ['reductions', arithmetic.reduction, 2],
  ['tied reductions', arithmetic.tiedReduction, 2],
  ['products', arithmetic.product, 3],
  ['pools', window.pools, 9],
  ['tiles', window.tiles, 4],
  ['global pools', arithmetic.globalPools, 4],
  ['resize', window.resizings, 3],
  ['slice', structure.slice, 8],
  ['transpose', structure.transpose, 5],
  ['concat', structure.concat, 5],
  ['concatenated images', structure.concatImages, 4],
  ['pad', structure.pad, 3],
  ['split', structure.split, 4],
  ['split images', structure.splitImage, 4],
  ['expand', structure.expand, 4],
  ['squeeze', structure.squeeze, 3],
  ['reshape', structure.reshape, 4],
  ['flatten', structure.flatten, 3],
  ['tile', structure.tile, 3],
  ['depth to space', structure.depthToSpace, 2],
  ['space to depth', structure.spaceToDepth, 3],
  ['cumulative sum', structure.cumSum, 4],
  ['triangles', structure.trilu, 4],
  ['gather', indexing.gather, 8],
  ['gather elements', indexing.gatherElements, 4],
  ['scatter elements', indexing.scatterElements, 3],
  ['gather by points', indexing.gatherND, 4],
  ['scatter to points', indexing.scatterND, 3],
  ['top k', indexing.topK, 4],
  ['points of images', indexing.gridSample, 6],
  ['points of volumes', indexing.gridSampleOfVolumes, 3],
  ['group norm', norm.groupNorm, 4],
  ['instance norm', norm.instanceNorm, 3],
  ['layer norm', norm.layerNorm, 4],
  ['rms norm', norm.rmsNorm, 4],
  ['lp norm', norm.lpNorm, 3],
  ['local response norm', norm.localResponseNorm, 3],
  ['batch norm', norm.batchNorm, 6],
  ['recurrent', recurrent, 6],
  ['quantised', arithmetic.quantise, 3],
  ['quantised by channel', arithmetic.dequantise, 3],
];

/** The same cases for the same seed; what one family draws depends on no other. */
export const randomCases = (random: Random): OperatorCase[] =>
  FAMILIES.flatMap(([family, draws, rounds]) =>
    [draws].flat().flatMap((draw, i) => {
      const stream = random.split(family, i);
      return Array.from({ length: rounds }, (_, round) => draw(stream, round));
    }),
  );
