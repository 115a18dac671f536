/**
 * Checks that everything a user of the package can name has a docstring: each export of each entry point, each row of
 * the exported tables, and each field of the types that these mention, however deep. What a docstring says, only a reader
 * can check.
 *
 * Run: npx tsx scripts/check-docs.ts
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API, type NodeHandle, SignatureKind, type Symbol, SymbolFlags, type Type } from 'typescript/unstable/sync';

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

const api = new API({ cwd: root });
const project = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects()[0]!;
const { checker, program } = project;

const isOurs = ({ path }: NodeHandle): boolean => !relative(source, path).startsWith('..');
const missing = new Map<string, string>();
const seenSymbols = new Set<number>();
const seenTypes = new Set<number>();
let documented = 0;

/** The place of a declaration, as an editor opens it. */
function placeOf(declaration: NodeHandle): string {
  const file = program.getSourceFile(declaration.path)!;
  const line = file.text.slice(0, declaration.resolve()?.getStart() ?? 0).split('\n').length;
  return `${relative(root, declaration.path)}:${line}`;
}

/** Types whose only value is known: the `kind` of a variant says itself what it is. */
const isLiteral = (type: Type | undefined): boolean => type?.isLiteralType() ?? false;

function checkSymbol(symbol: Symbol, name: string): void {
  const target = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = target.declarations.find(isOurs);
  if (!declaration || seenSymbols.has(target.id)) return;
  seenSymbols.add(target.id);
  // A row of a table that bears the name of what it holds is documented there.
  const node = declaration.kind === SyntaxKind.ShorthandPropertyAssignment ? declaration.resolve() : undefined;
  const value = node && checker.getShorthandAssignmentValueSymbol(node);
  if (value) return checkSymbol(value, name);
  const type =
    target.flags & SymbolFlags.Type ? checker.getDeclaredTypeOfSymbol(target) : checker.getTypeOfSymbol(target);
  const isVariant = target.flags & SymbolFlags.Property && isLiteral(type);
  if (checker.getDocumentationCommentOfSymbol(target).trim() !== '') documented++;
  else if (!isVariant) missing.set(placeOf(declaration), name);
  if (target.flags & SymbolFlags.Type && target.flags & SymbolFlags.Value)
    checkType(checker.getTypeOfSymbol(target), name);
  checkType(type, name);
}

/** Follows what a type is made of to the fields that are declared here. */
function checkType(type: Type | undefined, name: string): void {
  if (!type || seenTypes.has(type.id)) return;
  seenTypes.add(type.id);
  const alias = type.getAliasSymbol();
  if (alias) checkSymbol(alias, alias.name);
  for (const argument of type.getAliasTypeArguments()) checkType(argument, name);
  if (type.isUnionType() || type.isIntersectionType()) {
    for (const part of type.getTypes()) checkType(part, name);
    return;
  }
  if (type.isTypeReference()) for (const argument of checker.getTypeArguments(type)) checkType(argument, name);
  if (!type.isObjectType()) return;
  const own = type.getSymbol();
  const named = own && own.flags & (SymbolFlags.Interface | SymbolFlags.Class) ? own : null;
  if (named && !named.declarations.some(isOurs)) return;
  if (named) checkSymbol(named, named.name);
  for (const info of checker.getIndexInfosOfType(type)) checkType(info.valueType, name);
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

for (const [place, name] of [...missing].sort()) console.error(`${place}: ${name} has no docstring`);
console.log(
  missing.size === 0
    ? `All ${documented} public names have docstrings.`
    : `${missing.size} public names have no docstring, ${documented} have one.`,
);
process.exitCode = missing.size === 0 ? 0 : 1;
