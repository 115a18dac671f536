/**
 * The choice tree: what may vary in a search space, as plain immutable data.
 *
 * Nine kinds of choice compose into every space. Everything else in this room (counting, sampling, mutation, encoding,
 * validation) is a recursion over them; a genome mirrors the tree (see genome.ts). `ValueOf` gives the TypeScript type
 * of a choice's genomes, so that a space's build function is checked against its choices.
 */
import { fail } from '../errors.ts';
import type { Genome } from './genome.ts';

/** What `oneOf` and `subset` choose from: JSON scalars, compared by identity. Numbers must be finite. */
export type Scalar = string | number | boolean | null;
/** Choices by name. */
type Fields = Readonly<Record<string, Choice>>;

declare const VALUE: unique symbol;
/** Carries the type of a choice's values; never present at run time. */
interface Valued<V> {
  /** Only in types. */
  readonly [VALUE]?: V;
}

/** Made by {@link oneOf}. */
export interface OneOfChoice<V extends Scalar = Scalar> extends Valued<V> {
  readonly kind: 'oneOf';
  /** Distinct, one or more. */
  readonly values: readonly V[];
}
/** Made by {@link int}. */
export interface IntChoice extends Valued<number> {
  readonly kind: 'int';
  /** Smallest value. */
  readonly lo: number;
  /** Upper bound; taken where it is a whole number of steps from `lo`. */
  readonly hi: number;
  /** Distance of neighbouring values, ≥ 1. */
  readonly step: number;
}
/** Made by {@link float}. */
export interface FloatChoice extends Valued<number> {
  readonly kind: 'float';
  /** Smallest value. */
  readonly lo: number;
  /** Largest value. */
  readonly hi: number;
  /** Whether its logarithm is what is uniform. */
  readonly log: boolean;
}
/** Made by {@link optional}. */
export interface OptionalChoice<V = unknown> extends Valued<V | null> {
  readonly kind: 'optional';
  /** What is there, or not. */
  readonly choice: Choice;
}
/** Made by {@link repeat}. */
export interface RepeatChoice<V = unknown> extends Valued<readonly V[]> {
  readonly kind: 'repeat';
  /** Of each item. */
  readonly choice: Choice;
  /** Fewest items, ≥ 0. */
  readonly min: number;
  /** Most items. */
  readonly max: number;
}
/** Made by {@link subset}. */
export interface SubsetChoice<V extends Scalar = Scalar> extends Valued<readonly V[]> {
  readonly kind: 'subset';
  /** Distinct, one or more. */
  readonly items: readonly V[];
  /** Fewest that are taken, ≥ 0. */
  readonly min: number;
  /** Most that are taken. */
  readonly max: number;
}
/** Made by {@link struct}. */
export interface StructChoice<V = unknown> extends Valued<V> {
  readonly kind: 'struct';
  /** Choices by name. */
  readonly fields: Fields;
}
/** Made by {@link variant}. */
export interface VariantChoice<V = unknown> extends Valued<V> {
  readonly kind: 'variant';
  /** Alternatives by name. */
  readonly options: Fields;
}
/** Made by {@link shared}. */
export interface SharedChoice<V = unknown> extends Valued<V> {
  readonly kind: 'shared';
  /** Equal at all places that are tied. */
  readonly name: string;
  /** What is decided once for them. */
  readonly choice: Choice;
}

/** A node of a search space's tree of choices. */
export type Choice =
  | OneOfChoice
  | IntChoice
  | FloatChoice
  | OptionalChoice
  | RepeatChoice
  | SubsetChoice
  | StructChoice
  | VariantChoice
  | SharedChoice;

/** The type of the values that a choice gives: `ValueOf<typeof kernel>`. */
export type ValueOf<C> = C extends Valued<infer V> ? V : never;

/** The values of a struct's fields. */
type StructValue<F> = { readonly [K in keyof F]: ValueOf<F[K]> };
/** The value of one alternative, with its name as `kind`. */
type VariantValue<O> = {
  [K in keyof O]: O[K] extends StructChoice
    ? { readonly kind: K } & ValueOf<O[K]>
    : { readonly kind: K; readonly value: ValueOf<O[K]> };
}[keyof O];

const malformed = (reason: string): never => fail('SPACE', { reason });

function checkScalars(what: string, values: readonly Scalar[]): void {
  if (values.length === 0) malformed(`${what} has no values to choose from`);
  if (new Set(values).size !== values.length) malformed(`${what} names a value twice: ${values.join(', ')}`);
  for (const value of values)
    if (typeof value === 'number' && !Number.isFinite(value)) malformed(`${what} holds ${value}`);
}

function checkRange(what: string, min: number, max: number, upTo = Number.POSITIVE_INFINITY): void {
  if (!(Number.isInteger(min) && Number.isInteger(max) && 0 <= min && min <= max && max <= upTo))
    malformed(
      `${what}: from ${min} to ${max} is not a range of counts${upTo < Infinity ? ` up to ${upTo}` : ''}`,
    );
}

/**
 * One of the given distinct values, without order.
 * @throws SPACE when there are none, two are equal or one is not finite
 */
export function oneOf<const V extends Scalar>(values: readonly V[]): OneOfChoice<V> {
  checkScalars('oneOf', values);
  return { kind: 'oneOf', values };
}

/** Of {@link int}. */
interface IntOptions {
  /** Distance of neighbouring values, a whole number ≥ 1; 1 by default. */
  readonly step?: number;
}

/**
 * An integer `lo, lo + step, … ≤ hi`, of equal probability each.
 * @throws SPACE when a number is not whole, `lo` > `hi` or the step is below 1
 */
export function int(lo: number, hi: number, options: IntOptions = {}): IntChoice {
  const step = options.step ?? 1;
  if (![lo, hi, step].every(Number.isSafeInteger) || lo > hi || step < 1)
    malformed(`int(${lo}, ${hi}) with step ${step} holds no integers`);
  return { kind: 'int', lo, hi, step };
}

/** Of {@link float}. */
interface FloatOptions {
  /** Whether the logarithm is what is uniform; false by default. */
  readonly log?: boolean;
}

/**
 * A real number in [lo, hi], drawn uniformly, or uniformly in its logarithm with `log` (0 < lo).
 * @throws SPACE when it is no range of finite numbers, or begins at 0 or below with `log`
 */
export function float(lo: number, hi: number, options: FloatOptions = {}): FloatChoice {
  const log = options.log ?? false;
  if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo < hi))
    malformed(`float(${lo}, ${hi}) is not a range`);
  if (log && lo <= 0) malformed(`float(${lo}, ${hi}) with log must start above 0`);
  return { kind: 'float', lo, hi, log };
}

/**
 * The inner choice or null.
 * @throws SPACE when the inner choice may give null itself
 */
export function optional<C extends Choice>(choice: C): OptionalChoice<ValueOf<C>> {
  if (givesNull(choice))
    malformed('optional(…) holds a choice that may itself be null, which would be ambiguous');
  return { kind: 'optional', choice };
}

function givesNull(choice: Choice): boolean {
  if (choice.kind === 'shared') return givesNull(choice.choice);
  return choice.kind === 'optional' || (choice.kind === 'oneOf' && choice.values.includes(null));
}

/**
 * A list of `min` to `max` values (0 ≤ min ≤ max, whole), each with choices of its own: variable depth.
 * @throws SPACE when that is no range of counts
 */
export function repeat<C extends Choice>(choice: C, min: number, max: number): RepeatChoice<ValueOf<C>> {
  checkRange('repeat', min, max);
  return { kind: 'repeat', choice, min, max };
}

/** Of {@link subset}. */
interface SubsetOptions {
  /** Fewest items, ≥ 0; 0 by default. */
  readonly min?: number;
  /** Most items; all of them by default. */
  readonly max?: number;
}

/**
 * `min` to `max` of the items, listed in the order given here.
 * @throws SPACE when there are no items, two are equal, or that is no range of counts
 */
export function subset<const V extends Scalar>(
  items: readonly V[],
  options: SubsetOptions = {},
): SubsetChoice<V> {
  checkScalars('subset', items);
  const { min = 0, max = items.length } = options;
  checkRange('subset', min, max, items.length);
  return { kind: 'subset', items, min, max };
}

/** Field names stand in paths (`stages[2].kernel`), which must stay readable and unique. */
function checkNames(what: string, fields: Fields): void {
  for (const name of Object.keys(fields))
    if (!/^[a-zA-Z][\w-]*$/.test(name))
      malformed(`the ${what} "${name}" must start with a letter and hold only letters, digits, _ and -`);
}

/**
 * Named choices side by side. Names start with a letter and hold letters, digits, _ and -.
 * @throws SPACE when a name does not
 */
export function struct<F extends Fields>(fields: F): StructChoice<StructValue<F>> {
  checkNames('field', fields);
  return { kind: 'struct', fields };
}

/**
 * One of several named alternatives, each with its own conditional choices. The value is `{ kind, …fields }` where
 * the alternative is a struct, and `{ kind, value }` where it is any other choice. Names as in {@link struct}.
 * @throws SPACE when there are no alternatives, a name is not allowed, or a struct has a field `kind`
 */
export function variant<O extends Fields>(options: O): VariantChoice<VariantValue<O>> {
  if (Object.keys(options).length === 0) malformed('variant has no alternatives');
  checkNames('alternative', options);
  for (const [name, option] of Object.entries(options))
    if (option.kind === 'struct' && 'kind' in option.fields)
      malformed(
        `the alternative "${name}" of a variant has a field "kind", which is taken by the variant itself`,
      );
  return { kind: 'variant', options };
}

/**
 * A tied choice: the same value wherever `name` appears in the tree, decided once. The genome holds the value at
 * every place. All places of one name must hold the same choice, and a shared choice must not hold another shared
 * one.
 * @throws SPACE when the name holds other characters than letters, digits, _ . -, or the choice a shared one;
 *   `defineSpace` throws it when one name stands for two choices
 */
export function shared<C extends Choice>(name: string, choice: C): SharedChoice<ValueOf<C>> {
  if (!/^[\w.-]+$/.test(name))
    malformed(`the shared name "${name}" has other characters than letters, digits, _ . -`);
  if (sharedChoices(choice).size > 0) malformed(`shared("${name}") holds another shared choice`);
  return { kind: 'shared', name, choice };
}

/** The direct parts of a choice. */
function children(choice: Choice): readonly Choice[] {
  switch (choice.kind) {
    case 'optional':
    case 'repeat':
    case 'shared':
      return [choice.choice];
    case 'struct':
      return Object.values(choice.fields);
    case 'variant':
      return Object.values(choice.options);
    default:
      return [];
  }
}

const sharedCache = new WeakMap<Choice, ReadonlyMap<string, Choice>>();

/** The shared choices of a tree by name. Throws when one name stands for two different choices. */
export function sharedChoices(root: Choice): ReadonlyMap<string, Choice> {
  let found = sharedCache.get(root);
  if (!found) {
    const result = new Map<string, Choice>();
    const add = (name: string, choice: Choice): void => {
      const known = result.get(name);
      if (known && known !== choice && JSON.stringify(known) !== JSON.stringify(choice))
        malformed(`shared("${name}") stands for two different choices`);
      result.set(name, known ?? choice);
    };
    if (root.kind === 'shared') add(root.name, root.choice);
    else
      for (const child of children(root))
        for (const [name, choice] of sharedChoices(child)) add(name, choice);
    found = result;
    sharedCache.set(root, found);
  }
  return found;
}

const floatCache = new WeakMap<Choice, boolean>();

/** Whether a tree holds a float, and so infinitely many genomes. */
export function hasFloat(choice: Choice): boolean {
  let found = floatCache.get(choice);
  if (found === undefined) {
    found = choice.kind === 'float' || children(choice).some(hasFloat);
    floatCache.set(choice, found);
  }
  return found;
}

/** How many values an `int` has. */
export const intCount = (choice: IntChoice): number => Math.floor((choice.hi - choice.lo) / choice.step) + 1;

type GenomeFields = { readonly [name: string]: Genome };

/** A variant's genome taken apart: which alternative, its choice, and the genome of that choice. */
export function openVariant(
  choice: VariantChoice,
  genome: Genome,
): { readonly kind: string; readonly option: Choice; readonly inner: Genome } {
  const { kind, ...fields } = genome as GenomeFields & { readonly kind: string };
  const option = choice.options[kind]!;
  return { kind, option, inner: option.kind === 'struct' ? fields : fields.value! };
}

/** The reverse of {@link openVariant}. */
export const closeVariant = (kind: string, option: Choice, inner: Genome): Genome =>
  option.kind === 'struct' ? { kind, ...(inner as GenomeFields) } : { kind, value: inner };
