/**
 * Checks that everything a user of the package can name has a docstring: each export of each entry point, each row of
 * the exported tables, and each field of the types that these mention, however deep; and that the codes that a `@throws`
 * names are in the table of errors. What a docstring says beside that, only a reader can check.
 *
 * Run: npx tsx scripts/check-docs.ts
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  API,
  type Symbol as Named,
  type NodeHandle,
  SignatureKind,
  SymbolFlags,
  type Type,
} from 'typescript/unstable/sync';
import { ERRORS } from '../src/errors.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');

/** The source files of what package.json publishes. */
function entryPoints(): readonly string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'src/$1.ts')],
  );
}

/** Other words in capitals (ONNX, JSON) are shorter than any code of one word. */
const CODE = /\b(?:[A-Z]+(?:_(?:[A-Z]+|\*))+|[A-Z]{5,})/g;

const api = new API({ cwd: root });
const project = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects()[0]!;
const { checker, program } = project;

const isOurs = ({ path }: NodeHandle): boolean => !relative(source, path).startsWith('..');
const mistakes = new Set<string>();
const seen = { symbols: new Set<number>(), types: new Set<number>() };
let documented = 0;

/** Says what is wrong with a declaration, at a place that an editor opens. */
function report(declaration: NodeHandle, what: string): void {
  const { text } = program.getSourceFile(declaration.path)!;
  const line = text.slice(0, declaration.resolve()!.getStart()).split('\n').length;
  mistakes.add(`${relative(root, declaration.path)}:${line}: ${what}`);
}

/** Codes of errors that the docstring names and nobody can throw; `DATA_*` stands for all that begin so. */
function unknownCodes(symbol: Named): readonly string[] {
  const thrown = checker.getJsDocTagsOfSymbol(symbol).filter(({ name }) => name === 'throws');
  const codes = thrown.flatMap(({ text }) => JSON.stringify(text ?? '').match(CODE) ?? []);
  const known = Object.keys(ERRORS);
  return codes.filter((code) =>
    code.endsWith('*') ? !known.some((one) => one.startsWith(code.slice(0, -1))) : !known.includes(code),
  );
}

function checkSymbol(symbol: Named, name: string): void {
  const target = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = target.declarations.find(isOurs);
  if (!declaration || seen.symbols.has(target.id)) return;
  seen.symbols.add(target.id);
  // A row of a table that bears the name of what it holds is documented there.
  const row = declaration.kind === SyntaxKind.ShorthandPropertyAssignment ? declaration.resolve() : undefined;
  const value = row && checker.getShorthandAssignmentValueSymbol(row);
  if (value) {
    checkSymbol(value, name);
    return;
  }

  const isType = Boolean(target.flags & SymbolFlags.Type);
  const type = isType ? checker.getDeclaredTypeOfSymbol(target) : checker.getTypeOfSymbol(target);
  // The `kind` of a variant says itself what it is: it has one value.
  const isKind = target.flags & SymbolFlags.Property && type?.isLiteralType();
  if (checker.getDocumentationCommentOfSymbol(target).trim() !== '') documented++;
  else if (!isKind) report(declaration, `${name} has no docstring`);
  for (const code of unknownCodes(target))
    report(declaration, `${name} is said to throw ${code}, which is no error`);
  if (isType && target.flags & SymbolFlags.Value) checkType(checker.getTypeOfSymbol(target), name);
  checkType(type, name);
}

/** Follows what a type is made of to the fields that are declared here. */
function checkType(type: Type | undefined, name: string): void {
  if (!type || seen.types.has(type.id)) return;
  seen.types.add(type.id);
  const alias = type.getAliasSymbol();
  if (alias) checkSymbol(alias, alias.name);
  for (const argument of type.getAliasTypeArguments()) checkType(argument, name);
  if (type.isUnionType() || type.isIntersectionType()) {
    for (const part of type.getTypes()) checkType(part, name);
    return;
  }
  if (type.isTypeReference())
    for (const argument of checker.getTypeArguments(type)) checkType(argument, name);
  if (!type.isObjectType()) return;
  const own = type.getSymbol();
  const named = own && own.flags & (SymbolFlags.Interface | SymbolFlags.Class) ? own : null;
  if (named && !named.declarations.some(isOurs)) return;
  if (named) checkSymbol(named, named.name);
  for (const { valueType } of checker.getIndexInfosOfType(type)) checkType(valueType, name);
  for (const property of checker.getPropertiesOfType(type))
    checkSymbol(property, `${named?.name ?? name}.${property.name}`);
  for (const signature of checker.getSignaturesOfType(type, SignatureKind.Call)) {
    for (const parameter of signature.getParameters()) checkType(checker.getTypeOfSymbol(parameter), name);
    checkType(checker.getReturnTypeOfSignature(signature), name);
  }
}

for (const entry of entryPoints()) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, entry))!)!;
  for (const exported of checker.getExportsOfModule(module)) checkSymbol(exported, exported.name);
}
api.close();

for (const mistake of [...mistakes].sort()) console.error(mistake);
console.log(
  mistakes.size === 0
    ? `All ${documented} public names have docstrings.`
    : `${mistakes.size} docstrings of public names are missing or wrong, ${documented} are there.`,
);
process.exitCode = mistakes.size === 0 ? 0 : 1;
