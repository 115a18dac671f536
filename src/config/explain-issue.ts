/** What the schema says of a wrong value, in words for people: what it must be and what it is. */
import type { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import { AUGMENTATION_NAMES } from '../search/options.ts';

export interface Explained {
  /** Where in the options. */
  readonly path: readonly PropertyKey[];
  readonly reason: string;
  /** A name that was probably meant; empty when none is near. */
  readonly meant: string;
}

const TYPES: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'names with values',
  record: 'names with values',
};

const LONGEST = 40;

/** A value as people write it. */
function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** @param issue of a parse with `reportInput` */
export function explainIssue(issue: z.core.$ZodIssue): Explained {
  const { path, input } = issue;
  const must = (be: string): Explained => ({
    path,
    reason: input === undefined ? `must be ${be}` : `must be ${be}, not ${show(input)}`,
    meant: '',
  });
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      return {
        path: [...path, key],
        reason: 'there is no option of that name',
        meant:
          path[0] === 'augmentation'
            ? didYouMean(key, AUGMENTATION_NAMES) || `There are ${AUGMENTATION_NAMES.join(', ')}.`
            : '',
      };
    }
    case 'invalid_type':
      return {
        ...must(TYPES[issue.expected] ?? issue.expected),
        // `--augmentation shift` is read as `shift=yes`.
        meant:
          path[0] === 'augmentation' && input === true
            ? `Write it with its value: ${String(path[1])}=N.`
            : '',
      };
    case 'too_small':
      if (issue.origin !== 'number' && issue.origin !== 'int') return must('something: it is empty');
      return must(`${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`);
    case 'too_big':
      return must(`${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`);
    case 'invalid_value': {
      const known = issue.values.map(String);
      return {
        ...must(`one of ${known.join(', ')}`),
        meant: typeof input === 'string' ? didYouMean(input, known) : '',
      };
    }
    case 'invalid_key': {
      const [inner] = issue.issues;
      return { path, reason: inner?.message ?? issue.message, meant: '' };
    }
    case 'invalid_union': {
      const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
      // Of literals: all of them may be meant.
      const literals = branches.flatMap((branch) => (branch.code === 'invalid_value' ? branch.values : []));
      if (branches.length > 0 && literals.length >= branches.length)
        return must(`one of ${literals.map(String).join(', ')}`);
      // The branch that the value comes nearest to: one whose type it has.
      const near =
        branches.find((branch) => branch.path.length > 0 || branch.code !== 'invalid_type') ?? branches[0];
      if (near !== undefined)
        return explainIssue({
          ...near,
          path: [...path, ...near.path],
          input: near.input ?? inside(input, near.path),
        } as z.core.$ZodIssue);
      return { path, reason: issue.message, meant: '' };
    }
    default:
      return { path, reason: issue.message.replace(/^Invalid input: /, ''), meant: '' };
  }
}

const inside = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
