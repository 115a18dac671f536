/** A worker process of the training benchmark, seen from outside. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { OPTIMISER, type Ready, type Turn, type TurnResult, type WorkerTask } from './protocol.ts';

export interface Worker {
  readonly parameters: number;
  turn(turn: Turn): Promise<TurnResult>;
  close(): void;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export const startEspalier = (task: WorkerTask): Promise<Worker> =>
  startWorker('Espalier', process.execPath, [
    '--import',
    'tsx',
    path('./espalier-worker.ts'),
    JSON.stringify(task),
  ]);

export const startTorch = (python: string, task: WorkerTask): Promise<Worker> =>
  startWorker('PyTorch', python, [
    path('./torch-worker.py'),
    JSON.stringify(task),
    JSON.stringify(OPTIMISER),
  ]);

/** Starts a worker and waits until it is ready. @throws when it ends before it has answered */
async function startWorker(name: string, command: string, args: readonly string[]): Promise<Worker> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the ${name} worker ended before it had answered`);
    return JSON.parse(value) as T;
  };
  const { parameters } = await answer<Ready>();
  return {
    parameters,
    turn: (turn) => {
      child.stdin.write(`${JSON.stringify(turn)}\n`);
      return answer<TurnResult>();
    },
    close: () => child.stdin.end(),
  };
}
