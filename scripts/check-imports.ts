/**
 * Checks that imports run downwards: a room may import from itself and from the rooms below it (the way of the data in
 * ARCHITECTURE.md). Types of the contracts between rooms may be imported from anywhere, since they leave no trace at run
 * time. Only `runtime` meets onnxruntime-node.
 *
 * Run: npx tsx scripts/check-imports.ts
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Lowest first. Rooms of one row do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'linear-algebra', 'nearest', 'random', 'version'],
  ['disk', 'process'],
  ['onnx'],
  ['network'],
  ['space'],
  ['autodiff'],
  ['runtime'],
  ['data', 'task'],
  ['train'],
  // Published under a name of its own: what lies below needs nothing of what lies above.
  ['training-graph'],
  ['strategy'],
  ['device'],
  ['quantisation'],
  ['estimation'],
  ['study'],
  ['storage', 'benchmark'],
  ['execution'],
  ['report'],
  ['search'],
  ['config'],
  ['server'],
  ['cli'],
  // What is published under a name of its own.
  ['index', 'testing'],
];

/** Contracts: plain types that rooms agree on; importing their types binds to no implementation. */
const CONTRACTS: ReadonlySet<string> = new Set([
  'src/data/dataset.ts',
  'src/execution/executor.ts',
  'src/storage/storage.ts',
  'src/study/trial.ts',
  'src/train/plan.ts',
]);

const ENGINE = 'onnxruntime-node';
const ENGINE_ROOM = 'runtime';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');

const levels = new Map(LAYERS.flatMap((rooms, level) => rooms.map((room) => [room, level] as const)));

/** `src/onnx/model.ts` is in the room `onnx`, `src/errors.ts` is a room of its own. */
const roomOf = (file: string): string => relative(source, file).split(/[\\/]/)[0]!.replace(/\.ts$/, '');

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  const statement =
    /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{},\s$]*?\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;
  for (const match of text.matchAll(statement)) {
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ specifier: (match[2] ?? match[3])!, typeOnly: match[1] !== undefined, line });
  }
  return found;
}

/** What is wrong with an import, or null. */
function mistake(file: string, { specifier, typeOnly }: Import): string | null {
  const room = roomOf(file);
  if (specifier === ENGINE)
    return room === ENGINE_ROOM || typeOnly ? null : `only src/${ENGINE_ROOM} may import ${ENGINE}`;
  if (!specifier.startsWith('.')) return null;
  const target = resolve(dirname(file), specifier);
  const other = roomOf(target);
  if (relative(source, target).startsWith('..') || other === room) return null;
  const [own, its] = [levels.get(room), levels.get(other)];
  if (own === undefined || its === undefined)
    return `the room "${own === undefined ? room : other}" has no place in scripts/check-imports.ts`;
  if (its < own || (typeOnly && CONTRACTS.has(relative(root, target)))) return null;
  return `${room} must not import ${other}, which does not lie below it (${specifier})`;
}

let files = 0;
const mistakes: string[] = [];
for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
  // Tests and what only they use may import whatever checks best.
  if (!name.endsWith('.ts') || name.endsWith('.test.ts') || /[\\/]testing[\\/]/.test(name)) continue;
  files++;
  const file = join(source, name);
  for (const found of importsOf(readFileSync(file, 'utf8'))) {
    const wrong = mistake(file, found);
    if (wrong !== null) mistakes.push(`${relative(root, file)}:${found.line}: ${wrong}`);
  }
}
for (const line of mistakes) console.error(line);
console.log(
  mistakes.length === 0
    ? `Imports run downwards in ${files} files.`
    : `${mistakes.length} imports run upwards.`,
);
process.exitCode = mistakes.length === 0 ? 0 : 1;
