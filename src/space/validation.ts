/** Checks that a value is a genome of a space, and says where it is not. */
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../errors.ts';
import type { Choice, Scalar } from './choice.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace } from './space.ts';

interface Problem {
  readonly path: string;
  readonly reason: string;
}

/**
 * Narrows `value` to a genome of the space.
 * @throws GENOME with the path of what is wrong, such as `stages[2].kernel: 4 is not one of 3, 5, 7`
 */
export function validateGenome(
  space: Pick<SearchSpace, 'name' | 'root'>,
  value: unknown,
): asserts value is Genome {
  const problem = findProblem(space.root, value, '', new Map());
  if (problem) fail('GENOME', { space: space.name, path: problem.path || '(root)', reason: problem.reason });
}

/** Whether `value` is a genome of the part whose shared values agree with those of `shared`. */
export function isValidPart(choice: Choice, value: unknown, shared: ReadonlyMap<string, Genome>): boolean {
  const seen = new Map([...shared].map(([name, tied]) => [name, { tied, path: name }]));
  return findProblem(choice, value, '', seen) === null;
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
const list = (values: readonly unknown[]): string =>
  values.length === 0
    ? 'none'
    : values.map((value) => (typeof value === 'string' ? value : show(value))).join(', ');
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Seen = Map<string, { readonly tied: unknown; readonly path: string }>;

function findProblem(choice: Choice, value: unknown, path: string, seen: Seen): Problem | null {
  const problem = (reason: string): Problem => ({ path, reason });
  switch (choice.kind) {
    case 'oneOf':
      return choice.values.includes(value as Scalar)
        ? null
        : problem(`${show(value)} is not one of ${list(choice.values)}`);
    case 'int': {
      const { lo, hi, step } = choice;
      return Number.isInteger(value) && inRange(value, lo, hi) && (value - lo) % step === 0
        ? null
        : problem(
            `${show(value)} is not an integer from ${lo} to ${hi}${step === 1 ? '' : ` in steps of ${step}`}`,
          );
    }
    case 'float':
      return inRange(value, choice.lo, choice.hi)
        ? null
        : problem(`${show(value)} is not a number from ${choice.lo} to ${choice.hi}`);
    case 'optional':
      return value === null ? null : findProblem(choice.choice, value, path, seen);
    case 'repeat':
      if (!Array.isArray(value)) return problem(`${show(value)} is not a list`);
      if (!inRange(value.length, choice.min, choice.max))
        return problem(`has ${value.length} items where ${choice.min} to ${choice.max} are allowed`);
      return first(value.map((item, i) => () => findProblem(choice.choice, item, `${path}[${i}]`, seen)));
    case 'subset': {
      if (!Array.isArray(value)) return problem(`${show(value)} is not a list`);
      if (!inRange(value.length, choice.min, choice.max))
        return problem(`selects ${value.length} items where ${choice.min} to ${choice.max} are allowed`);
      const positions = value.map((item: Scalar) => choice.items.indexOf(item));
      const unknown = positions.indexOf(-1);
      if (unknown >= 0)
        return {
          path: `${path}[${unknown}]`,
          reason: `${show(value[unknown])} is not one of ${list(choice.items)}`,
        };
      return positions.every((position, i) => i === 0 || positions[i - 1]! < position)
        ? null
        : problem(`the items ${list(value)} do not each stand once in the order ${list(choice.items)}`);
    }
    case 'struct':
      if (!isObject(value)) return problem(`${show(value)} is not an object`);
      return fields(choice.fields, value, Object.keys(value), path, seen);
    case 'variant': {
      if (!isObject(value)) return problem(`${show(value)} is not an object with a "kind"`);
      const kinds = Object.keys(choice.options);
      if (!kinds.includes(value.kind as string))
        return { path: join(path, 'kind'), reason: `${show(value.kind)} is not one of ${list(kinds)}` };
      const option = choice.options[value.kind as string]!;
      const own = option.kind === 'struct' ? option.fields : { value: option };
      const names = Object.keys(value).filter((name) => name !== 'kind');
      return fields(own, value, names, path, seen);
    }
    case 'shared': {
      const before = seen.get(choice.name);
      if (before && !isDeepStrictEqual(before.tied, value))
        return problem(
          `${show(value)} differs from ${show(before.tied)} at ${before.path}, but both share "${choice.name}"`,
        );
      if (before) return null;
      seen.set(choice.name, { tied: value, path });
      return findProblem(choice.choice, value, path, seen);
    }
  }
}

const inRange = (value: unknown, lo: number, hi: number): value is number =>
  typeof value === 'number' && lo <= value && value <= hi;

function first(checks: readonly (() => Problem | null)[]): Problem | null {
  for (const check of checks) {
    const problem = check();
    if (problem) return problem;
  }
  return null;
}

function fields(
  expected: Readonly<Record<string, Choice>>,
  value: Record<string, unknown>,
  given: readonly string[],
  path: string,
  seen: Seen,
): Problem | null {
  const stranger = given.find((name) => !Object.hasOwn(expected, name));
  if (stranger !== undefined)
    return {
      path: join(path, stranger),
      reason: `is not a choice here; there are ${list(Object.keys(expected))}`,
    };
  return first(
    Object.entries(expected).map(
      ([name, choice]) =>
        () =>
          Object.hasOwn(value, name)
            ? findProblem(choice, value[name], join(path, name), seen)
            : { path: join(path, name), reason: 'is missing' },
    ),
  );
}
