/** Says in a sentence why a worker process ended that was not asked to. */

const TAIL_CHARACTERS = 1500;

/** Collects the end of what a process prints, so that a crash can be explained without flooding the terminal. */
export function createOutputTail(): { add(chunk: string): void; text(): string } {
  let text = '';
  return {
    add: (chunk) => {
      text = (text + chunk).slice(-TAIL_CHARACTERS);
    },
    text: () => text.trim(),
  };
}

/** `code` and `signal` as Node's `exit` event gives them; `tail` is the end of the process's output. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null, tail: string): string {
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
  // Nobody but the kernel (or a person) sends SIGKILL here: our own kills carry their reason.
  const guess =
    signal === 'SIGKILL' ? "; if nobody did that, the system's memory was probably exhausted" : '';
  return `the worker process ${how}${guess}${tail === '' ? '' : `. Its last output: ${tail}`}`;
}
