/**
 * The decisions of a genome: the single places where it could have been otherwise, each under a stable path.
 *
 * Paths name decisions, not JSON values: `stages.length` is a repeat's length, `stages[0].block.kind` a variant's kind,
 * `stages[0].block:basic.kernel` a choice of its alternative `basic`, `head?` an optional part's presence, and `@width`
 * the shared choice "width", which is one decision wherever it appears.
 */
import { type Choice, closeVariant, openVariant } from './choice.ts';
import type { Genome } from './genome.ts';
import { counts } from './size.ts';
import type { SearchSpace } from './space.ts';

/** The kinds of choice that decide something themselves (a struct and a shared choice only hold others). */
export type DecidingChoice = Exclude<Choice, { readonly kind: 'struct' | 'shared' }>;

/** One choice that a genome has made, and where. */
export interface Decision {
  /**
   * Where: `stages.length` is a repeat's length, `stages[0].block.kind` a variant's kind,
   * `stages[0].block:basic.kernel` a choice of its alternative `basic`, `head?` an optional part's presence, `@width`
   * the shared choice "width".
   */
  readonly path: string;
  /** What could have been chosen. */
  readonly choice: DecidingChoice;
  /** The genome of the part that the decision stands at. */
  readonly value: Genome;
}

export const fieldPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
export const itemPath = (path: string, index: number): string => `${path}[${index}]`;
export const alternativePath = (path: string, kind: string): string => `${path}:${kind}`;
export const sharedPath = (name: string): string => `@${name}`;

/** The path of the decision that a choice at `path` takes. */
export function decisionPath(choice: DecidingChoice, path: string): string {
  switch (choice.kind) {
    case 'optional':
      return `${path}?`;
    case 'repeat':
      return fieldPath(path, 'length');
    case 'variant':
      return fieldPath(path, 'kind');
    default:
      return path;
  }
}

/** Whether a choice decides anything: more than one outcome of its own. */
export function isOpen(choice: Choice): choice is DecidingChoice {
  switch (choice.kind) {
    case 'struct':
    case 'shared':
      return false;
    case 'float':
    case 'optional':
      return true;
    case 'repeat':
      return choice.min < choice.max;
    case 'variant':
      return Object.keys(choice.options).length > 1;
    default:
      return counts(choice).get('')! > 1n;
  }
}

type Visit = (choice: Choice, value: Genome, path: string) => Genome | undefined;

/**
 * Rebuilds a genome from the root down, replacing each part for which `visit` answers a genome instead of undefined.
 * All places of a shared choice have the same path below it.
 */
export function mapParts(choice: Choice, genome: Genome, visit: Visit, path = ''): Genome {
  const replacement = visit(choice, genome, path);
  if (replacement !== undefined) return replacement;
  const inner = (part: Choice, value: Genome, at: string): Genome => mapParts(part, value, visit, at);
  switch (choice.kind) {
    case 'optional':
      return genome === null ? null : inner(choice.choice, genome, path);
    case 'repeat':
      return (genome as readonly Genome[]).map((item, i) => inner(choice.choice, item, itemPath(path, i)));
    case 'struct': {
      const values = genome as { readonly [name: string]: Genome };
      return Object.fromEntries(
        Object.entries(choice.fields).map(([name, field]) => [
          name,
          inner(field, values[name]!, fieldPath(path, name)),
        ]),
      );
    }
    case 'variant': {
      const { kind, option, inner: value } = openVariant(choice, genome);
      return closeVariant(kind, option, inner(option, value, alternativePath(path, kind)));
    }
    case 'shared':
      return inner(choice.choice, genome, sharedPath(choice.name));
    default:
      return genome;
  }
}

/**
 * Looks at each part of a genome from the root down, without rebuilding anything: searches do it for thousands of candidates
 * a suggestion. The fields of a variant's struct stand in the variant's own genome.
 */
function visitParts(
  choice: Choice,
  genome: Genome,
  visit: (choice: Choice, value: Genome, path: string) => void,
  path = '',
): void {
  visit(choice, genome, path);
  switch (choice.kind) {
    case 'optional':
      if (genome !== null) visitParts(choice.choice, genome, visit, path);
      return;
    case 'repeat': {
      const items = genome as readonly Genome[];
      for (let i = 0; i < items.length; i++) visitParts(choice.choice, items[i]!, visit, itemPath(path, i));
      return;
    }
    case 'struct': {
      const values = genome as { readonly [name: string]: Genome };
      for (const name of Object.keys(choice.fields))
        visitParts(choice.fields[name]!, values[name]!, visit, fieldPath(path, name));
      return;
    }
    case 'variant': {
      const values = genome as { readonly kind: string; readonly value?: Genome };
      const option = choice.options[values.kind]!;
      visitParts(
        option,
        option.kind === 'struct' ? genome : values.value!,
        visit,
        alternativePath(path, values.kind),
      );
      return;
    }
    case 'shared':
      visitParts(choice.choice, genome, visit, sharedPath(choice.name));
  }
}

/**
 * The open decisions (those of more than one outcome) of a valid genome, in the tree's order; a shared one once,
 * where it appears first.
 */
export function listDecisions(space: Pick<SearchSpace, 'root'>, genome: Genome): readonly Decision[] {
  const found = new Map<string, Decision>();
  visitParts(space.root, genome, (choice, value, place) => {
    if (!isOpen(choice)) return;
    const path = decisionPath(choice, place);
    if (!found.has(path)) found.set(path, { path, choice, value });
  });
  return [...found.values()];
}

/** The shared names that a genome uses, with their values. */
export function sharedValues(choice: Choice, genome: Genome): Map<string, Genome> {
  const found = new Map<string, Genome>();
  visitParts(choice, genome, (part, value) => {
    if (part.kind === 'shared') found.set(part.name, value);
  });
  return found;
}
