/** Replays spread over processes: each runs every n-th of them and sends what came out; which process ran what does not show. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Strategy } from '../strategy/strategy.ts';
import { type Replay, replay } from './replay.ts';
import { type RunOptions, runKey } from './table-benchmark.ts';

export interface Shard {
  /** 0 … count − 1. */
  readonly index: number;
  readonly count: number;
}

/** What a process tells of a run: what came out, or the share that is done of what its strategy prepares. */
type Message = { readonly strategy: string } & (
  | { readonly seed: number; readonly replay: Replay }
  | { readonly prepared: number }
);

/** Told how the runs go on. */
interface ShardHooks {
  /** When one has ended. */
  readonly onRun: (strategy: string) => void;
  /** While a strategy prepares what takes long, and the share of it that is done, 0..1. */
  readonly onPreparing: (strategy: string, share: number) => void;
}

/** Seeds first, so that the strategies' different costs are spread evenly. */
const runsOf = (strategies: readonly string[], seeds: number): (readonly [string, number])[] =>
  strategies.flatMap((name) => Array.from({ length: seeds }, (_, seed) => [name, seed] as const));

/** In a process started by {@link replayInShards}: does its share of the runs. */
export async function serveShard(
  { index, count }: Shard,
  strategies: Readonly<Record<string, Strategy>>,
  seeds: number,
  common: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const [i, [strategy, seed]] of runsOf(Object.keys(strategies), seeds).entries()) {
    if (i % count !== index) continue;
    const done = await replay({
      ...common,
      strategy: strategies[strategy]!,
      seed,
      signal,
      // Nobody needs the answer of the one before.
      onPreparing: (prepared) => process.send!({ strategy, prepared } satisfies Message, () => undefined),
    });
    await new Promise<void>((resolve, reject) => {
      process.send!({ strategy, seed, replay: done } satisfies Message, (error: Error | null) =>
        error === null ? resolve() : reject(error),
      );
    });
  }
  process.disconnect();
}

const PROGRAM = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));

/**
 * All runs by {@link runKey}.
 * @param args the command whose `--shard i/n` calls {@link serveShard}
 */
export async function replayInShards(
  args: readonly string[],
  count: number,
  { onRun, onPreparing }: ShardHooks,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Replay>> {
  const done = new Map<string, Replay>();
  await Promise.all(
    Array.from(
      { length: count },
      (_, index) =>
        new Promise<void>((resolve, reject) => {
          const child = fork(PROGRAM, [...args, '--shard', `${index}/${count}`], {
            serialization: 'advanced',
            stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
            execArgv: [],
            signal,
          });
          let said = '';
          child.stderr!.on('data', (bytes) => {
            said = (said + bytes).slice(-2_000);
          });
          child.on('message', (message) => {
            const told = message as Message;
            if ('prepared' in told) onPreparing(told.strategy, told.prepared);
            else {
              done.set(runKey(told.strategy, told.seed), told.replay);
              onRun(told.strategy);
            }
          });
          // A child that was told to end did not fail: the reason is the signal's.
          const failed = (error: Error): void => reject(signal.aborted ? signal.reason : error);
          child.on('error', failed);
          child.on('exit', (code) =>
            code === 0 ? resolve() : failed(new Error(`a replaying process ended with ${code}: ${said}`)),
          );
        }),
    ),
  );
  return done;
}
