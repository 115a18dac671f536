/**
 * Which layouts of a value are at hand while a graph is lowered, with conversions made on demand and only once.
 *
 * Blocked: [N, C/b, H, W, b] in memory, declared as [N, C, H, W]; ONNX Runtime's `com.microsoft.nchwc` operators and
 * elementwise operators of equal shapes work on it. Only images whose channels are a multiple of b are blocked.
 */
import { int } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';

export const NCHWC_DOMAIN = 'com.microsoft.nchwc';

/** ONNX's numbers of element types. */
const FLOAT = 1;
const BOOL = 9;

export interface Layouts {
  readonly m: Arithmetic;
  readonly block: number;
  /** The value in NCHW order. */
  plain(value: string): string;
  /** The value in blocked order; only for values that can be blocked. */
  blocked(value: string): string;
  /** True when a blocked form exists already. */
  isBlocked(value: string): boolean;
  /** True when a form in NCHW order exists already. */
  isPlain(value: string): boolean;
  canBlock(value: string): boolean;
  setPlain(value: string, lowered: string): void;
  setBlocked(value: string, lowered: string): void;
  /** Both orders are the same in memory (one pixel per channel). */
  setBoth(value: string, lowered: string): void;
  shape(value: string): readonly number[];
}

export function createLayouts(
  m: Arithmetic,
  block: number,
  shapeOf: (value: string) => readonly number[],
): Layouts {
  const plainForms = new Map<string, string>();
  const blockedForms = new Map<string, string>();
  /** The kernels that reorder know only floats: masks of comparisons pass through them as zeros and ones. */
  const nchwc = (op: string, input: string, attributes: Record<string, ReturnType<typeof int>>): string => {
    const isMask = m.g.dtype(input) === 'bool';
    const reordered = m.g.node(op, [isMask ? m.g.op('Cast', [input], { to: int(FLOAT) }) : input], {
      domain: NCHWC_DOMAIN,
      attributes,
      types: [{ dtype: 'float32', shape: m.g.shape(input) }],
    })[0]!;
    return isMask ? m.g.op('Cast', [reordered], { to: int(BOOL) }) : reordered;
  };
  return {
    m,
    block,
    shape: (value) => staticShape(shapeOf(value)),
    isBlocked: (value) => blockedForms.has(value),
    isPlain: (value) => plainForms.has(value),
    canBlock: (value) => {
      const shape = staticShape(shapeOf(value));
      return shape.length === 4 && shape[1]! % block === 0;
    },
    setPlain: (value, lowered) => void plainForms.set(value, lowered),
    setBlocked: (value, lowered) => void blockedForms.set(value, lowered),
    setBoth: (value, lowered) => {
      plainForms.set(value, lowered);
      blockedForms.set(value, lowered);
    },
    plain(value) {
      const found = plainForms.get(value);
      if (found !== undefined) return found;
      const source = blockedForms.get(value);
      if (source === undefined) throw new Error(`value ${value} was not lowered`);
      const channels = staticShape(shapeOf(value))[1]!;
      const made = nchwc('ReorderOutput', source, { channels: int(channels) });
      plainForms.set(value, made);
      return made;
    },
    blocked(value) {
      const found = blockedForms.get(value);
      if (found !== undefined) return found;
      const made = nchwc('ReorderInput', plainForms.get(value)!, {});
      blockedForms.set(value, made);
      return made;
    },
  };
}
