/**
 * Compiles assembly/ to src/data/image-loops.wasm.ts; a test says when that is out of date.
 *
 * Run: npm run assembly
 */
import { writeFileSync } from 'node:fs';
import { COMPILED, compileAssembly } from '../src/data/testing/compile-assembly.ts';

writeFileSync(COMPILED, await compileAssembly());
