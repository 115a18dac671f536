/** PyTorch as a process that answers requests: the independent reference of gradients. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface TorchRequest {
  readonly expression: string;
  readonly inputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  readonly cotangent: readonly number[];
}
export interface TorchAnswer {
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly gradients: readonly (readonly number[] | null)[];
}

/** A Python that can import torch, or null. Debian's is `/usr/bin/python3`; another may stand first on the path. */
export const TORCH_PYTHON: string | null =
  ['python3', '/usr/bin/python3'].find((python) => spawnSync(python, ['-c', 'import torch']).status === 0) ??
  null;

export interface Torch {
  ask(request: TorchRequest): Promise<TorchAnswer>;
  close(): void;
}

export function startTorch(python: string): Torch {
  const script = fileURLToPath(new URL('./torch-reference.py', import.meta.url));
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  return {
    ask: async (request) => {
      const line = await new Promise<string>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
      const answer = JSON.parse(line) as TorchAnswer | { readonly error: string };
      if ('error' in answer) throw new Error(`${answer.error} in ${request.expression}`);
      return answer;
    },
    close: () => void child.stdin.end(),
  };
}
