/**
 * Conformance suites for plug-ins. Give a suite the `test` function of your test runner (vitest, jest, node:test) and what
 * you wrote; a plug-in that passes works wherever Espalier's own do.
 */
export { type StorageSuiteOptions, storageSuite } from './storage-suite.ts';
export { strategySuite } from './strategy-suite.ts';
export type { TestFunction } from './test-function.ts';
