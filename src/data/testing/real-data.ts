/** Where this room's tests find real data sets; they skip when there are none. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = process.env.ESPALIER_TEST_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');

/** The path of a data set, and the options for `test` that skip it with a reason when it is absent. */
export function realData(name: string): { readonly path: string; readonly absent: boolean } {
  const path = join(ROOT, name);
  return { path, absent: !existsSync(path) };
}
