/** Puts trials into the database given as argument until it takes no more; prints how many were told and the error. */
import { EspalierError } from '../../errors.ts';
import { openSqlite } from '../sqlite.ts';

const storage = await openSqlite(process.argv[2]!, { mode: 'write' });
const genome = 'x'.repeat(500);
let told = 0;
try {
  for (; told < 5000; told++)
    await storage.putTrial({
      number: told,
      state: 'running',
      genome,
      hash: '',
      fidelity: 0,
      measures: {},
      curve: [],
      reason: null,
      startedAt: 0,
      endedAt: null,
    });
  console.log(JSON.stringify({ told, code: null, hint: '' }));
} catch (error) {
  if (!(error instanceof EspalierError)) throw error;
  console.log(JSON.stringify({ told, code: error.code, hint: error.hint }));
}
await storage.close();
