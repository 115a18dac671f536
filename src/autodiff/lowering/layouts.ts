/**
 * Which layouts of a value are at hand while a graph is lowered, with conversions made on demand and only once.
 *
 * Blocked: [N, C/b, H, W, b] in memory, declared as [N, C, H, W]; ONNX Runtime's `com.microsoft.nchwc` operators and
 * elementwise operators of equal shapes work on it. Where C is no multiple of b it is filled up to the next one with
 * channels of zeros. An elementwise operator may leave something else than zeros there (a sigmoid leaves ½); such a value
 * is `spoilt`, and only further elementwise operators may read it as it is.
 */
import { int } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';

import { interleave, type Phased } from './interleave.ts';

export const NCHWC_DOMAIN = 'com.microsoft.nchwc';

/** ONNX's numbers of element types. */
const FLOAT = 1;
const BOOL = 9;

/** More filling than this share of the channels costs more than the plain kernels do. */
const MAX_FILLING = 0.6;

/** A value as another one times a factor for each of its channels, those that fill up a block among them. */
export interface Factored {
  readonly value: string;
  readonly factor: string;
}

export interface Layouts {
  readonly m: Arithmetic;
  readonly block: number;
  /** The value in NCHW order. */
  plain(value: string): string;
  /** The value in blocked order, channels filled up with zeros; only for values that can be blocked. */
  blocked(value: string): string;
  /** The same, but with anything finite in the channels that fill up. */
  blockedSpoilt(value: string): string;
  isSpoilt(value: string): boolean;
  /** True when a blocked form exists already. */
  isBlocked(value: string): boolean;
  /** True when a form in NCHW order exists already. */
  isPlain(value: string): boolean;
  canBlock(value: string): boolean;
  setPlain(value: string, lowered: string): void;
  setBlocked(value: string, lowered: string, spoilt?: boolean): void;
  shape(value: string): readonly number[];
  /** A blocked value whose phases still stand apart; put between each other when the value itself is asked for. */
  setPhased(value: string, phased: Phased): void;
  phased(value: string): Phased | null;
  /**
   * A blocked value of which a factor for each channel stands apart, so that readers may give it to something small;
   * multiplied when the value itself is asked for.
   */
  setFactored(value: string, apart: Factored, product: () => string): void;
  factored(value: string): Factored | null;
  /** A new name for a value of the same shape, to be given a form of its own. */
  like(value: string): string;
  /** Remembers which node a value would come from that was not computed. */
  setMaker(value: string, node: OnnxNode): void;
  maker(value: string): OnnxNode | null;
  /** A blocked result of the graph that stands for no value of the model, in NCHW order. */
  unblocked(lowered: string, channels: number): string;
  /** Channels with those that fill the last block up. */
  filled(channels: number): number;
  /** Shape of the blocked form. */
  blockedShape(shape: readonly number[]): readonly number[];
  /** One number for each channel, zeros for those that fill up. */
  channelVector(lowered: string): string;
  /** What `channelVector` added, taken away. */
  trimVector(lowered: string, channels: number): string;
}

export function createLayouts(
  m: Arithmetic,
  block: number,
  shapeInModel: (value: string) => readonly number[],
): Layouts {
  const plainForms = new Map<string, string>();
  const blockedForms = new Map<string, string>();
  const spoilt = new Set<string>();
  const phasedForms = new Map<string, Phased>();
  const factoredForms = new Map<string, { readonly apart: Factored; readonly product: () => string }>();
  const originals = new Map<string, string>();
  const makers = new Map<string, OnnxNode>();
  const shapeOf = (value: string): readonly number[] => shapeInModel(originals.get(value) ?? value);
  const filled = (channels: number): number => Math.ceil(channels / block) * block;
  const blockedShape = (shape: readonly number[]): readonly number[] => [
    shape[0]!,
    filled(shape[1]!),
    ...shape.slice(2),
  ];
  /** The kernels that reorder know only floats: masks of comparisons pass through them as zeros and ones. */
  const reorder = (
    op: 'ReorderInput' | 'ReorderOutput',
    input: string,
    shape: readonly number[],
    attributes: Record<string, ReturnType<typeof int>> = {},
  ): string => {
    const isMask = m.g.dtype(input) === 'bool';
    const reordered = m.g.node(op, [isMask ? m.g.op('Cast', [input], { to: int(FLOAT) }) : input], {
      domain: NCHWC_DOMAIN,
      attributes,
      types: [{ dtype: 'float32', shape }],
    })[0]!;
    return isMask ? m.g.op('Cast', [reordered], { to: int(BOOL) }) : reordered;
  };
  const self: Layouts = {
    m,
    block,
    filled,
    blockedShape,
    shape: (value) => staticShape(shapeOf(value)),
    isBlocked: (value) => blockedForms.has(value) || phasedForms.has(value) || factoredForms.has(value),
    isPlain: (value) => plainForms.has(value),
    isSpoilt: (value) => spoilt.has(value),
    canBlock: (value) => {
      const shape = staticShape(shapeOf(value));
      return shape.length === 4 && fillsWell(shape[1]!, block);
    },
    setPlain: (value, lowered) => void plainForms.set(value, lowered),
    setBlocked(value, lowered, isSpoilt = false) {
      blockedForms.set(value, lowered);
      if (isSpoilt) spoilt.add(value);
    },
    setPhased: (value, phased) => void phasedForms.set(value, phased),
    phased: (value) => phasedForms.get(value) ?? null,
    setFactored: (value, apart, product) => void factoredForms.set(value, { apart, product }),
    factored: (value) => factoredForms.get(value)?.apart ?? null,
    like(value) {
      // With a character that no model has in its names.
      const name = `${value}\u0000${originals.size}`;
      originals.set(name, originals.get(value) ?? value);
      return name;
    },
    setMaker: (value, node) => void makers.set(value, node),
    maker: (value) => makers.get(value) ?? null,
    plain(value) {
      const found = plainForms.get(value);
      if (found !== undefined) return found;
      if (!self.isBlocked(value)) throw new Error(`value ${value} was not lowered`);
      const source = self.blockedSpoilt(value);
      const made = self.unblocked(source, staticShape(shapeOf(value))[1]!);
      plainForms.set(value, made);
      return made;
    },
    blocked(value) {
      const found = blockedForms.get(value);
      if (found !== undefined && !spoilt.has(value)) return found;
      const shape = staticShape(shapeOf(value));
      const target = blockedShape(shape);
      const phased = phasedForms.get(value);
      if (phased !== undefined && !spoilt.has(value)) {
        const made = interleave(m, block, phased, target);
        blockedForms.set(value, made);
        return made;
      }
      const factored = factoredForms.get(value);
      if (factored !== undefined) {
        const made = factored.product();
        blockedForms.set(value, made);
        return made;
      }
      const source = self.plain(value);
      // The kernel that reorders fills up fours of channels only.
      const uneven = shape[1]! % 4 !== 0;
      const whole = uneven ? m.pad(source, [0, 0, 0, 0], [0, target[1]! - shape[1]!, 0, 0]) : source;
      const made = reorder('ReorderInput', whole, target);
      blockedForms.set(value, made);
      spoilt.delete(value);
      return made;
    },
    unblocked(lowered, channels) {
      const [n, , ...rest] = staticShape(m.g.shape(lowered));
      return reorder('ReorderOutput', lowered, [n!, channels, ...rest], { channels: int(channels) });
    },
    blockedSpoilt: (value) => blockedForms.get(value) ?? self.blocked(value),
    channelVector(lowered) {
      const channels = staticShape(m.g.shape(lowered))[0]!;
      return m.pad(lowered, [0], [filled(channels) - channels]);
    },
    trimVector: (lowered, channels) =>
      staticShape(m.g.shape(lowered))[0] === channels ? lowered : m.slice(lowered, 0, 0, channels),
  };
  return self;
}

/** Whether channels may be blocked, filled up to a multiple of `block`. */
export const fillsWell = (channels: number, block: number): boolean =>
  Math.ceil(channels / block) * block - channels <= MAX_FILLING * channels;
