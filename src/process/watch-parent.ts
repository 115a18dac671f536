import { Worker } from 'node:worker_threads';

const PARENT_INTERVAL_MS = 2000;

/** Kills this process when its parent is another than now, whatever the main thread does. (Windows keeps the old pid.) */
export function watchParent(): void {
  const source = `setInterval(() => {
    if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL');
  }, ${PARENT_INTERVAL_MS})`;
  new Worker(source, { eval: true, execArgv: [] }).unref();
}
