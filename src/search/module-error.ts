/** Where and why a module of the user's does not load, from the errors of the compiler, of Node and of the module itself. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, extname } from 'node:path';
import { transformSync } from 'esbuild';

export interface ModuleProblem {
  /** `:2:10`, or with the file before it when that is another one; empty when it is not known. */
  readonly place: string;
  readonly reason: string;
  /** The way out where there is a better one than to correct the module. */
  readonly hint?: string;
}

const TOP_LEVEL_AWAIT = /^Top-level await .* "cjs"/;

/** @param file absolute path of the module that was asked for */
export function explainModuleError(error: unknown, file: string): ModuleProblem {
  const message = (error instanceof Error ? error.message : String(error)).trim();
  // esbuild: `Transform failed with 1 error:`, then `/path/to/it.ts:2:10: ERROR: Syntax error "m"`.
  const compiler = /^(.+?):(\d+):(\d+): ERROR: (.+)$/m.exec(message);
  if (compiler) {
    const [, path, line, column, reason] = compiler;
    const place = placeText(file, path!, Number(line), Number(column) + 1);
    return TOP_LEVEL_AWAIT.test(reason!) ? awaitsInCommonJs(place, path!) : { place, reason: reason! };
  }
  const [reason = ''] = message.split('\n');
  const missing = /^Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
  const place = missing === undefined ? thrownAt(error, file) : importedAt(missing.split('/').at(-1)!, file);
  return { place, reason };
}

/** @param path of the module that awaits */
function awaitsInCommonJs(place: string, path: string): ModuleProblem {
  const ending = extname(path);
  const name = `${basename(path, ending)}.m${ending.at(1) === 'c' ? ending.slice(2) : ending.slice(1)}`;
  return {
    place,
    reason: 'it awaits outside of a function, which only ES modules can, and in this folder it is CommonJS',
    hint: `Name it ${name}, or write "type": "module" into the package.json of its folder.`,
  };
}

const placeText = (file: string, path: string, line: number, column: number): string =>
  `${path === file ? '' : ` (${path})`}:${line}:${column}`;

/** The line of `file` that imports what cannot be found. */
function importedAt(name: string, file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const line = lines.findIndex((text) => /\b(import|from|require)\b/.test(text) && text.includes(name));
  return line < 0 ? '' : `:${line + 1}:1`;
}

/** The topmost place in the user's own code in the stack of an error: `:12:5`; empty when it is not known. */
export function thrownAt(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const line of stack.split('\n')) {
    const frame = /((?:data:|file:|\/)\S*):(\d+):(\d+)\)?$/.exec(line);
    if (!/^\s*at /.test(line) || frame === null) continue;
    const [, url, row, column] = frame;
    const [plain] = decoded(url!)
      .replace(/^file:\/\//, '')
      .split('?');
    if (plain === file) return placeText(file, file, Number(row), Number(column));
    if (url!.startsWith('data:text/javascript,') && decoded(url!).includes(`filePath=${file}`))
      return placeInSource(decoded(url!), Number(row), Number(column), file);
  }
  return '';
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** As much of the generated code as tells one place of it from the others. */
const SNIPPET = 80;

/**
 * In a folder without `"type": "module"` the file is compiled to CommonJS, run from a `data:` URL, without a source map.
 * Compiled once more in the same way, with one, the code at the place of the error leads to the line.
 */
function placeInSource(url: string, row: number, column: number, file: string): string {
  const code = url.slice('data:text/javascript,'.length).split('\n')[row - 1] ?? '';
  const snippet = code.slice(column - 1, column - 1 + SNIPPET);
  if (snippet === '') return '';
  const compiled = transformSync(readFileSync(file, 'utf8'), {
    loader: extname(file).endsWith('ts') ? 'ts' : 'js',
    format: 'cjs',
    minifyWhitespace: true,
    keepNames: true,
    sourcemap: 'external',
    sourcefile: file,
  });
  const lines = compiled.code.split('\n');
  const at = lines.findIndex((line) => line.includes(snippet));
  if (at < 0) return '';
  const found = new SourceMap(JSON.parse(compiled.map)).findEntry(at, lines[at]!.indexOf(snippet));
  return 'originalLine' in found ? `:${found.originalLine + 1}:${found.originalColumn + 1}` : '';
}
