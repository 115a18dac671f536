/**
 * The files of the page: its own script, bundled from the sources of the measurement protocol (so that there is one), and
 * the engine for browsers from its package. Nothing comes from elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { VERSION } from '../version.ts';
import { pageHtml } from './page-html.ts';

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const SOURCE = import.meta.url.endsWith('.ts') ? './page/main.ts' : './page/main.js';
const TYPES: Readonly<Record<string, string>> = { mjs: 'text/javascript', wasm: 'application/wasm' };

/** Finds the file of a path (`/`, `/page.js`, `/ort/…`); null where there is none. */
export type FindPageFile = (path: string) => Promise<PageFile | null>;

export async function preparePage(): Promise<FindPageFile> {
  // The package's entry for Node lies in the same folder as the files for browsers.
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const manifest: { version: string } = JSON.parse(
    await readFile(join(folder, '..', 'package.json'), 'utf8'),
  );
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(SOURCE, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    define: { ESPALIER_VERSION: JSON.stringify(VERSION), ORT_VERSION: JSON.stringify(manifest.version) },
    // Fetched by the page when it knows which one it needs.
    external: ['/ort/*'],
    logLevel: 'silent',
  });
  const script = bundle.outputFiles[0]!.contents;
  const html = new TextEncoder().encode(pageHtml(VERSION));
  return async (path) => {
    if (path === '/') return { type: 'text/html; charset=utf-8', bytes: html };
    if (path === '/page.js') return { type: 'text/javascript; charset=utf-8', bytes: script };
    // The names of the package's files have no separators: nothing above its folder can be named.
    const [, file, ending] = /^\/ort\/(ort[\w.-]*\.(mjs|wasm))$/.exec(path) ?? [];
    if (file === undefined || ending === undefined) return null;
    try {
      return { type: TYPES[ending]!, bytes: await readFile(join(folder, file)) };
    } catch {
      return null;
    }
  };
}
