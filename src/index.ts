/** Espalier's public API: re-exports only. */
export { EspalierError, EXIT } from './errors.ts';
export { createRandom, type Random } from './random.ts';
