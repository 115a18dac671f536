/** A child process that answers one question after another. What hangs or crashes in it costs the answer, nothing else. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { environmentWithoutTunables } from './allocator.ts';
import { createOutputTail, exitReason } from './exit-reason.ts';
import { watchParent } from './watch-parent.ts';

/** Why there is no answer of the process. */
export interface NoAnswer {
  readonly reason: string;
}

export interface AskedProcess<Question, Answer> {
  /** Takes another question. */
  readonly alive: () => boolean;
  /** One at a time. Never rejects. @param seconds after which the process is killed */
  readonly ask: (question: Question, seconds: number, signal: AbortSignal) => Promise<Answer | NoAnswer>;
  /** Resolves when it has ended. */
  readonly kill: () => Promise<void>;
}

/**
 * @param entry a `.ts` source, which runs through tsx, or compiled `.js`; calls {@link answerQuestions}
 * @param what is asked about, for the reasons: "the model"
 */
export function startAskedProcess<Question extends object, Answer extends object>(
  entry: URL,
  what: string,
): AskedProcess<Question, Answer> {
  const child = fork(fileURLToPath(entry), [], {
    execArgv: entry.pathname.endsWith('.ts')
      ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
      : [],
    env: environmentWithoutTunables(process.env),
    // Models cross as bytes, and JSON would turn NaN into null.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const tail = createOutputTail();
  for (const output of [child.stdout, child.stderr]) output?.setEncoding('utf8').on('data', tail.add);
  return {
    alive: () => child.connected && child.exitCode === null,
    ask: (question, seconds, signal) => ask<Answer>(child, { question, seconds, signal, what, tail }),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGKILL');
      });
    },
  };
}

interface Asked {
  readonly question: object;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly what: string;
  readonly tail: ReturnType<typeof createOutputTail>;
}

/** Node's timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const ask = <Answer>(
  child: ChildProcess,
  { question, seconds, signal, what, tail }: Asked,
): Promise<Answer | NoAnswer> =>
  new Promise((resolve) => {
    let killedFor: string | null = null;
    const kill = (reason: string) => {
      killedFor = reason;
      child.kill('SIGKILL');
    };
    const late = (): void => kill(`${what} took longer than ${Math.round(seconds)} s`);
    const timer = setTimeout(late, Math.min(seconds * 1000, LONGEST_TIMER_MS));
    const onAbort = () => kill('nobody waits for it any more');
    const settle = (answer: Answer | NoAnswer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      child.off('message', settle);
      child.off('exit', onExit);
      child.off('error', onError);
      resolve(answer);
    };
    const onExit = (code: number | null, ended: NodeJS.Signals | null) =>
      settle({ reason: killedFor ?? exitReason(code, ended, tail.text()) });
    const onError = (error: Error) => settle({ reason: `the process failed: ${error.message}` });
    child.on('message', settle);
    child.on('exit', onExit);
    child.on('error', onError);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    child.send(question, () => {});
  });

/** The process's side: lives as long as its parent. What `answer` rejects with ends the process. */
export function answerQuestions<Question, Answer extends object>(
  answer: (question: Question) => Promise<Answer>,
): void {
  process.on('message', (question: Question) => {
    void answer(question).then((message) => {
      if (process.connected) process.send?.(message);
    });
  });
  process.on('disconnect', () => process.exit(0));
  watchParent();
  // Ctrl-C reaches the whole process group; what it means is the parent's decision.
  process.on('SIGINT', () => {});
}
