/** A test runner's `test`. The suites need nothing more of a runner: they assert with node:assert. */
export type TestFunction = (name: string, body: () => void | Promise<void>) => unknown;
