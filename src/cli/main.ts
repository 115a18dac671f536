/** The executable: bin/espalier.js imports this file. */
import { runCli } from './program.ts';

// A reader that has seen enough (`espalier inspect model.onnx | head`) closes the pipe; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), process, performance.timeOrigin);
