/** A worker process of the training benchmark, seen from outside. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ALLOCATOR_TUNABLES } from '../../src/process/allocator.ts';
import { OPTIMISER, type Ready, type Turn, type TurnResult, type WorkerTask } from './protocol.ts';

export interface Worker {
  readonly parameters: number;
  turn(turn: Turn): Promise<TurnResult>;
  close(): void;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** As one file, so that the loader of TypeScript is no part of the process that is measured. */
async function bundledWorker(): Promise<string> {
  const outfile = path('../../node_modules/.cache/espalier-bench/espalier-worker.mjs');
  await build({
    entryPoints: [path('./espalier-worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}

/** As the workers of a search run. */
export const startEspalier = async (task: WorkerTask): Promise<Worker> =>
  startWorker('Espalier', process.execPath, [await bundledWorker(), JSON.stringify(task)], {
    GLIBC_TUNABLES: ALLOCATOR_TUNABLES,
  });

/** What PyTorch runs with: the settings that it is fastest with, or none but the number of threads. */
export type TorchSettings = 'fastest' | 'stock';

/**
 * PyTorch allocates the images of every step anew. By default the C library gives them back to the system and takes as
 * many page faults in the next step: on a virtual machine half of the step, and with two threads three quarters. Kept,
 * PyTorch is as fast as it can be.
 */
const TORCH_ENVIRONMENT = {
  fastest: {
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    MALLOC_MMAP_THRESHOLD_: '4294967296',
    MALLOC_TRIM_THRESHOLD_: '4294967296',
  },
  stock: {
    GLIBC_TUNABLES: undefined,
    MALLOC_MMAP_THRESHOLD_: undefined,
    MALLOC_TRIM_THRESHOLD_: undefined,
  },
} as const satisfies Record<TorchSettings, Readonly<Record<string, string | undefined>>>;

/**
 * With either settings OpenBLAS finds the processor's kernels itself: names of slower ones that the environment may hold
 * (for reproducible builds, say) are taken out.
 */
export const startTorch = (python: string, task: WorkerTask, settings: TorchSettings): Promise<Worker> =>
  startWorker(
    'PyTorch',
    python,
    [path('./torch-worker.py'), JSON.stringify(task), JSON.stringify(OPTIMISER)],
    {
      ...TORCH_ENVIRONMENT[settings],
      OMP_NUM_THREADS: String(task.threads),
      OPENBLAS_NUM_THREADS: String(task.threads),
      OPENBLAS_CORETYPE: undefined,
      OPENBLAS_L2_SIZE: undefined,
    },
  );

/** Starts a worker and waits until it is ready. @throws when it ends before it has answered */
async function startWorker(
  name: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Worker> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
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
