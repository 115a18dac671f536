#!/usr/bin/env node
// A published package has its compiled `dist/`; a checkout compiles its sources first, where they have changed.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (relative) => new URL(relative, import.meta.url);

/** Where the program is. A checkout that cannot be written to is run from its sources, which takes longer to start. */
async function program() {
  if (!existsSync(at('../src'))) return at('../dist/cli/main.js');
  try {
    const { compile } = await import('../scripts/compile.js');
    await compile(fileURLToPath(at('../src')), fileURLToPath(at('../.compiled')));
    return at('../.compiled/cli/main.js');
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code)) throw error;
    const { register } = await import('tsx/esm/api');
    register();
    return at('../src/cli/main.ts');
  }
}

await import((await program()).href);
