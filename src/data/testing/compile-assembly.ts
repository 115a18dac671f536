/** What assembly/ is compiled to, for the script that writes it and the test that it is up to date. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The file of the compiled module. */
export const COMPILED = join(ROOT, 'src/data/image-loops.wasm.ts');

const OPTIONS =
  '-O3 --noAssert --runtime stub --use abort= --enable simd --importMemory --outFile module.wasm';

/** The text of {@link COMPILED}. @throws Error with the compiler's messages */
export async function compileAssembly(): Promise<string> {
  let binary = new Uint8Array();
  const { error, stderr } = await asc.main(['assembly/index.ts', ...OPTIONS.split(' ')], {
    readFile: (name, base) => read(join(base, name)),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = Uint8Array.from(contents);
    },
    listFiles: () => null,
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return [
    '/** Compiled from assembly/ by `npm run assembly`, not to be edited: a WebAssembly module in base64. */',
    `export const IMAGE_LOOPS =\n  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
}

function read(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return null;
  }
}
