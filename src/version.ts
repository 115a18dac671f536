/** This package's version, for `--version`, reports and exported models. */
import { readFileSync } from 'node:fs';

// One folder up from src/ and from dist/ alike.
const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const VERSION: string = (manifest as { readonly version: string }).version;
