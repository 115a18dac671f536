/**
 * The worker's side: takes one job at a time from the parent, evaluates it and sends the outcome back.
 *
 * The process lives only as long as its parent: when the channel closes, even by kill -9 of the parent, it exits.
 * ONNX Runtime blocks the event loop for one training step at most, so messages are seen between steps. A job that
 * hangs would never see the channel close: a thread looks after the parent too.
 */
import { latencyProcess } from '../device/latency-process.ts';
import { watchParent } from '../process/watch-parent.ts';
import { beginRest, endRest } from '../runtime/rest.ts';
import { createSessionPool } from '../runtime/session-pool.ts';
import type { EvaluateTrial, TrialHooks, TrialJob } from './executor.ts';
import { keepLast } from './keep-last.ts';
import { outcomeOfError } from './outcome.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { CAN_READ_OTHERS } from './resident-memory.ts';

const PROGRESS_INTERVAL_MS = 200;
const MEMORY_INTERVAL_MS = 250;

function send(message: FromWorker): void {
  // Between the parent's death and the `disconnect` event a send would throw.
  if (process.connected) process.send?.(message);
}

/** Serves jobs until the parent goes away. `loadDataset` is called again only when a job names another path. */
export function serveJobs(evaluate: EvaluateTrial, loadDataset: TrialHooks['loadDataset']): void {
  const load = keepLast(loadDataset);
  const { open } = createSessionPool();
  // It lives as long as this process.
  const { measure } = latencyProcess();
  let abort = new AbortController();
  let granted: (() => void) | null = null;

  const exclusively: TrialHooks['exclusively'] = async (measure, { alone = false } = {}) => {
    const { signal } = abort;
    await new Promise<void>((resolve, reject) => {
      granted = resolve;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      send({ type: 'wantExclusive', alone });
    });
    try {
      return await measure();
    } finally {
      send({ type: 'exclusiveDone' });
    }
  };

  const run = async (job: TrialJob): Promise<void> => {
    abort = new AbortController();
    let lastSent = Number.NEGATIVE_INFINITY;
    const onProgress: TrialHooks['onProgress'] = (progress) => {
      const now = performance.now();
      if (
        progress.curve === undefined &&
        progress.note === undefined &&
        now - lastSent < PROGRESS_INTERVAL_MS
      )
        return;
      lastSent = now;
      send({ type: 'progress', progress });
    };
    const hooks = {
      ...{ signal: abort.signal, onProgress, exclusively },
      ...{ loadDataset: load, openSession: open, measureModel: measure },
    };
    send({ type: 'outcome', outcome: await evaluate(job, hooks).catch((error) => outcomeOfError(error)) });
  };

  process.on('message', (message: ToWorker) => {
    if (message.type === 'run') void run(message.job);
    else if (message.type === 'abort') abort.abort(new Error('aborted by the executor'));
    else if (message.type === 'rest') {
      beginRest();
      send({ type: 'resting' });
    } else if (message.type === 'wake') endRest();
    else granted?.();
  });
  process.on('disconnect', () => process.exit(0));
  watchParent();
  // Ctrl-C reaches the whole process group; what it means is the parent's decision.
  process.on('SIGINT', () => {});
  if (!CAN_READ_OTHERS) {
    setInterval(() => send({ type: 'memory', bytes: process.memoryUsage.rss() }), MEMORY_INTERVAL_MS);
  }
  send({ type: 'ready' });
}
