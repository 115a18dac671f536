/**
 * The choice tree: what may vary in a search space, as plain immutable data.
 *
 * Nine kinds of choice compose into every space. Everything else in this room (counting, sampling, mutation, encoding,
 * validation) is a recursion over them; a genome mirrors the tree (see genome.ts). `ValueOf` gives the TypeScript type
 * of a choice's genomes, so that a space's build function is checked against its choices.
 */
import { fail } from '../errors.ts';
import type { Genome } from './genome.ts';

/** What `oneOf` and `subset` choose from: JSON scalars, compared by identity. */
export type Scalar = string | number | boolean | null;
type Fields = Readonly<Record<string, Choice>>;

declare const VALUE: unique symbol;
/** Carries the type of a choice's values; never present at run time. */
interface Valued<V> {
  readonly [VALUE]?: V;
}

export interface OneOfChoice<V extends Scalar = Scalar> extends Valued<V> {
  readonly kind: 'oneOf';
  readonly values: readonly V[];
}
export interface IntChoice extends Valued<number> {
  readonly kind: 'int';
  readonly lo: number;
  readonly hi: number;
  readonly step: number;
}
export interface FloatChoice extends Valued<number> {
  readonly kind: 'float';
  readonly lo: number;
  readonly hi: number;
  readonly log: boolean;
}
export interface OptionalChoice<V = unknown> extends Valued<V | null> {
  readonly kind: 'optional';
  readonly choice: Choice;
}
export interface RepeatChoice<V = unknown> extends Valued<readonly V[]> {
  readonly kind: 'repeat';
  readonly choice: Choice;
  readonly min: number;
  readonly max: number;
}
export interface SubsetChoice<V extends Scalar = Scalar> extends Valued<readonly V[]> {
  readonly kind: 'subset';
  readonly items: readonly V[];
  readonly min: number;
  readonly max: number;
}
export interface StructChoice<V = unknown> extends Valued<V> {
  readonly kind: 'struct';
  readonly fields: Fields;
}
export interface VariantChoice<V = unknown> extends Valued<V> {
  readonly kind: 'variant';
  readonly options: Fields;
}
export interface SharedChoice<V = unknown> extends Valued<V> {
  readonly kind: 'shared';
  readonly name: string;
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

type StructValue<F> = { readonly [K in keyof F]: ValueOf<F[K]> };
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

/** One of the given distinct values, without order. */
export function oneOf<const V extends Scalar>(values: readonly V[]): OneOfChoice<V> {
  checkScalars('oneOf', values);
  return { kind: 'oneOf', values };
}

/** An integer `lo, lo+step, … ≤ hi`. */
export function int(lo: number, hi: number, options: { readonly step?: number } = {}): IntChoice {
  const step = options.step ?? 1;
  if (![lo, hi, step].every(Number.isSafeInteger) || lo > hi || step < 1)
    malformed(`int(${lo}, ${hi}) with step ${step} holds no integers`);
  return { kind: 'int', lo, hi, step };
}

/** A real number in [lo, hi], drawn uniformly, or uniformly in its logarithm with `log` (0 < lo). */
export function float(lo: number, hi: number, options: { readonly log?: boolean } = {}): FloatChoice {
  const log = options.log ?? false;
  if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo < hi))
    malformed(`float(${lo}, ${hi}) is not a range`);
  if (log && lo <= 0) malformed(`float(${lo}, ${hi}) with log must start above 0`);
  return { kind: 'float', lo, hi, log };
}

/** The inner choice or null. The inner choice must not give null itself. */
export function optional<C extends Choice>(choice: C): OptionalChoice<ValueOf<C>> {
  if (givesNull(choice))
    malformed('optional(…) holds a choice that may itself be null, which would be ambiguous');
  return { kind: 'optional', choice };
}

function givesNull(choice: Choice): boolean {
  if (choice.kind === 'shared') return givesNull(choice.choice);
  return choice.kind === 'optional' || (choice.kind === 'oneOf' && choice.values.includes(null));
}

/** A list of `min` to `max` values, each with choices of its own: variable depth. */
export function repeat<C extends Choice>(choice: C, min: number, max: number): RepeatChoice<ValueOf<C>> {
  checkRange('repeat', min, max);
  return { kind: 'repeat', choice, min, max };
}

/** `min` to `max` of the items, listed in the order given here. All subset sizes by default. */
export function subset<const V extends Scalar>(
  items: readonly V[],
  options: { readonly min?: number; readonly max?: number } = {},
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

/** Named choices side by side. Names start with a letter and hold letters, digits, _ and -. */
export function struct<F extends Fields>(fields: F): StructChoice<StructValue<F>> {
  checkNames('field', fields);
  return { kind: 'struct', fields };
}

/**
 * One of several named alternatives, each with its own conditional choices. The value is `{ kind, …fields }` where the
 * alternative is a struct, and `{ kind, value }` where it is any other choice.
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
 * A tied choice: the same value wherever `name` appears in the tree, decided once. The genome holds the value at every
 * place. All places of one name must hold the same choice, and a shared choice must not hold another shared one.
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
