/**
 * Genomes as vectors of fixed length, for predictors and surrogate models.
 *
 * A space has one slot for each open decision of its largest genomes: repeats are laid out to their greatest length,
 * variants with all their alternatives. Decisions that a genome does not take are marked absent. Both encodings are
 * injective: different genomes give different vectors.
 */

import { type Choice, type Scalar, sharedChoices } from './choice.ts';
import {
  alternativePath,
  decisionPath,
  fieldPath,
  isOpen,
  itemPath,
  listDecisions,
  sharedPath,
} from './decisions.ts';
import type { Genome } from './genome.ts';
import { counts, namesOf } from './size.ts';
import type { SearchSpace } from './space.ts';

/** What a number lies in. */
interface NumberRange {
  /** Is 0 in an encoding. */
  readonly lo: number;
  /** Is 1 in an encoding. */
  readonly hi: number;
  /** Whether the logarithm is what is laid out between them. */
  readonly log: boolean;
}

/** One coordinate of a space's encoding, or one group of one-hot coordinates. */
export interface EncodingSlot {
  /** The path of the decision (decisions.ts); for a subset, `path{item}`. */
  readonly path: string;
  /** Outcomes of a categorical slot in order, or the range of a numeric one (a number, or a list's length). */
  readonly outcomes: readonly Scalar[] | NumberRange;
  /** True when some genomes do not take the decision. */
  readonly conditional: boolean;
}

const slotsCache = new WeakMap<Choice, readonly EncodingSlot[]>();

/**
 * The slots of a space, the same for all its genomes: what each place of an encoding means. One for each open
 * decision of its largest genomes: repeats are laid out to their greatest length, variants with all their
 * alternatives. The same array each time.
 */
export function encodingSlots(space: Pick<SearchSpace, 'root'>): readonly EncodingSlot[] {
  let slots = slotsCache.get(space.root);
  if (!slots) {
    slots = [...layOut(space.root)];
    slotsCache.set(space.root, slots);
  }
  return slots;
}

function* layOut(root: Choice): Generator<EncodingSlot> {
  yield* place(root, '', false);
  // A shared choice has one group of slots; it is absent from the genomes that use a set of names without it.
  const uses = [...counts(root).keys()].map(namesOf);
  for (const [name, choice] of sharedChoices(root))
    if (uses.some((names) => names.includes(name)))
      yield* place(choice, sharedPath(name), !uses.every((names) => names.includes(name)));

  function* place(choice: Choice, path: string, conditional: boolean): Generator<EncodingSlot> {
    const at = isOpen(choice) ? decisionPath(choice, path) : path;
    const slot = (outcomes: EncodingSlot['outcomes']): EncodingSlot => ({ path: at, outcomes, conditional });
    switch (choice.kind) {
      case 'oneOf':
        if (isOpen(choice)) yield slot(choice.values);
        break;
      case 'int':
        if (isOpen(choice)) yield slot({ lo: choice.lo, hi: choice.hi, log: false });
        break;
      case 'float':
        yield slot(choice);
        break;
      case 'optional':
        yield slot([false, true]);
        yield* place(choice.choice, path, true);
        break;
      case 'repeat':
        if (isOpen(choice)) yield slot({ lo: choice.min, hi: choice.max, log: false });
        for (let i = 0; i < choice.max; i++)
          yield* place(choice.choice, itemPath(path, i), conditional || i >= choice.min);
        break;
      case 'subset':
        if (isOpen(choice))
          for (const item of choice.items)
            yield { path: subsetPath(path, item), outcomes: [false, true], conditional };
        break;
      case 'struct':
        for (const [name, field] of Object.entries(choice.fields))
          yield* place(field, fieldPath(path, name), conditional);
        break;
      case 'variant': {
        const kinds = Object.keys(choice.options);
        if (isOpen(choice)) yield slot(kinds);
        for (const [kind, option] of Object.entries(choice.options))
          yield* place(option, alternativePath(path, kind), conditional || kinds.length > 1);
        break;
      }
      case 'shared':
        break;
    }
  }
}

export const subsetPath = (path: string, item: Scalar): string => `${path}{${JSON.stringify(item)}}`;

/** What a genome decides at each slot it takes. */
function slotValues(space: Pick<SearchSpace, 'root'>, genome: Genome): ReadonlyMap<string, Scalar> {
  const values = new Map<string, Scalar>();
  for (const { path, choice, value } of listDecisions(space, genome))
    switch (choice.kind) {
      case 'optional':
        values.set(path, value !== null);
        break;
      case 'repeat':
        values.set(path, (value as readonly Genome[]).length);
        break;
      case 'variant':
        values.set(path, (value as { readonly kind: string }).kind);
        break;
      case 'subset':
        for (const item of choice.items)
          values.set(subsetPath(path, item), (value as readonly Genome[]).includes(item));
        break;
      default:
        values.set(path, value as Scalar);
    }
  return values;
}

const isCategorical = (outcomes: EncodingSlot['outcomes']): outcomes is readonly Scalar[] =>
  Array.isArray(outcomes);

/** A number of a range as 0..1, in its logarithm where the range says so. */
function scaled({ lo, hi, log }: NumberRange, value: number): number {
  return log ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);
}

/**
 * One number a slot, `encodingSlots(space).length` in all: the index of the outcome where it is categorical, 0..1
 * where it is numeric, -1 where it is absent. Different valid genomes give different vectors.
 */
export function encodeCategorical(space: Pick<SearchSpace, 'root'>, genome: Genome): Float64Array {
  const values = slotValues(space, genome);
  return Float64Array.from(encodingSlots(space), ({ path, outcomes }) => {
    const value = values.get(path);
    if (value === undefined) return -1;
    return isCategorical(outcomes) ? outcomes.indexOf(value) : scaled(outcomes, value as number);
  });
}

/**
 * One column for each outcome of a categorical slot (1 for the one taken), one column 0..1 for a numeric slot, and
 * after them one column for each conditional slot (1 where it is absent, its other columns being 0). Different valid
 * genomes give different vectors.
 */
export function encodeOneHot(space: Pick<SearchSpace, 'root'>, genome: Genome): Float64Array {
  const values = slotValues(space, genome);
  const columns: number[] = [];
  for (const { path, outcomes, conditional } of encodingSlots(space)) {
    const value = values.get(path);
    if (isCategorical(outcomes)) for (const outcome of outcomes) columns.push(outcome === value ? 1 : 0);
    else columns.push(value === undefined ? 0 : scaled(outcomes, value as number));
    if (conditional) columns.push(value === undefined ? 1 : 0);
  }
  return Float64Array.from(columns);
}
