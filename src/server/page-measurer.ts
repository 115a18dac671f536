/**
 * A page in a browser as a device. The page asks for work and holds the line until there is some; what it measured it
 * posts. One page at a time: figures of two browsers under one name would not be comparable.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  DeviceDescription,
  DeviceMeasurement,
  DeviceProblem,
  type MeasureParameters,
  mistakeOf,
} from '../device/remote/wire.ts';
import { isProblem, limitSeconds, type Measurer, problem } from './measurer.ts';

/** A model on its way to the page. */
export interface PageJob {
  readonly id: string;
  readonly model: Uint8Array;
  readonly parameters: MeasureParameters;
}

export interface PageMeasurer extends Measurer {
  /**
   * A page introduces itself.
   * @param previous the session that the same tab had before it was loaded anew
   * @returns its session, or why it is not taken
   */
  hello(description: unknown, previous: string | null): { readonly session: string } | DeviceProblem;
  /** The next model, or null after a while without one; undefined for an unknown session. */
  next(session: string, signal: AbortSignal): Promise<PageJob | null> | undefined;
  /** What the page says of a model. False: nobody waits for it. */
  result(session: string, job: string, answer: unknown): boolean;
  /** The page is closed. */
  bye(session: string): void;
}

export interface PageMeasurerOptions {
  readonly maxModelBytes: number;
  /** How long the line is held; 20 by default. */
  readonly holdSeconds?: number;
  /** After which time without a question an idle page is gone; 10 by default. */
  readonly goneSeconds?: number;
  readonly onPage?: (device: string | null) => void;
}

interface Session {
  readonly id: string;
  readonly description: DeviceDescription;
  /** Gives the page that holds the line a model. */
  deliver: ((job: PageJob | null) => void) | null;
  /** When it last let go of the line. */
  idleSince: number;
  running: Running | null;
}

interface Running {
  readonly job: PageJob;
  readonly settle: (answer: DeviceMeasurement | DeviceProblem) => void;
  /** The page has it. */
  delivered: boolean;
}

const NO_PAGE = problem(
  'DEVICE_UNREACHABLE',
  'no page is open',
  'Open the link of `espalier device page` in the browser of the device, and leave it open.',
);
const gone = (reason: string): DeviceProblem =>
  problem('DEVICE_UNREACHABLE', reason, 'Open the page again, and keep the screen on.');

/** What a page posts, be it what it may. */
function outcome(answer: unknown): DeviceMeasurement | DeviceProblem {
  const trouble = DeviceProblem.safeParse(answer);
  return trouble.success ? trouble.data : checked(DeviceMeasurement, answer);
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T | DeviceProblem {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return problem(
    'DEVICE_ANSWER',
    `the page sent what is no answer: ${mistakeOf(parsed.error)}`,
    'Load the page anew.',
  );
}

export function createPageMeasurer(options: PageMeasurerOptions): PageMeasurer {
  const { maxModelBytes, holdSeconds = 20, goneSeconds = 10, onPage } = options;
  let current: Session | null = null;

  const alive = (session: Session): boolean =>
    session.deliver !== null ||
    session.running !== null ||
    performance.now() - session.idleSince < goneSeconds * 1000;

  /** The page that is there just now. */
  const present = (): Session | null => {
    if (current !== null && !alive(current)) end(current, 'the page has gone');
    return current;
  };

  const end = (session: Session, reason: string): void => {
    if (current !== session) return;
    current = null;
    session.deliver?.(null);
    session.running?.settle(gone(reason));
    onPage?.(null);
  };

  const measure: Measurer['measure'] = (model, parameters, signal) => {
    const session = present();
    if (session === null) return Promise.resolve(NO_PAGE);
    const { providers } = session.description;
    if (parameters.provider !== undefined && !providers.includes(parameters.provider))
      return Promise.resolve(
        problem(
          'DEVICE_REFUSED',
          `the browser has no provider "${parameters.provider}", only ${providers.join(', ')}`,
          'WebGPU needs a browser that has it, and a page over https or from localhost.',
        ),
      );
    return new Promise((resolve) => {
      const job = { id: randomUUID(), model, parameters };
      const settle = (answer: DeviceMeasurement | DeviceProblem): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        session.running = null;
        session.idleSince = performance.now();
        resolve(answer);
      };
      const onAbort = () => settle(gone('nobody waits for it any more'));
      const seconds = limitSeconds(parameters);
      const timer = setTimeout(() => {
        // Perhaps the model is at fault: another page would fare no better.
        settle(problem('DEVICE_ANSWER', `there was no result within ${seconds} s`, 'Try a smaller model.'));
        end(session, 'the page did not come back');
      }, seconds * 1000);
      session.running = { job, settle, delivered: session.deliver !== null };
      signal.addEventListener('abort', onAbort, { once: true });
      session.deliver?.(job);
    });
  };

  return {
    describe: () => {
      const session = present();
      return session === null ? NO_PAGE : { ...session.description, maxModelBytes };
    },
    measure,
    close: async () => {
      if (current !== null) end(current, 'the server is closed');
    },
    hello: (said, previous) => {
      const description = checked<DeviceDescription>(DeviceDescription, said);
      if (isProblem(description)) return description;
      const other = present();
      if (other !== null && other.id !== previous)
        return problem(
          'DEVICE_REFUSED',
          'another page is connected already',
          'Close it, or start a second `espalier device page` on another port.',
        );
      if (other !== null) end(other, 'the page was loaded anew');
      const id = randomUUID();
      current = { id, description, deliver: null, idleSince: performance.now(), running: null };
      onPage?.(description.device);
      return { session: id };
    },
    next: (id, signal) => {
      const session = current?.id === id ? current : null;
      if (session === null) return undefined;
      // A page that asks again has lost the model that it was given: it may have crashed.
      if (session.running?.delivered) session.running.settle(gone('the page lost the model'));
      // Of two questions the later one counts.
      session.deliver?.(null);
      return new Promise((resolve) => {
        const deliver = (job: PageJob | null): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          if (session.deliver === deliver) session.deliver = null;
          session.idleSince = performance.now();
          resolve(job);
        };
        const onAbort = () => deliver(null);
        const timer = setTimeout(() => deliver(null), holdSeconds * 1000);
        signal.addEventListener('abort', onAbort, { once: true });
        session.deliver = deliver;
        if (session.running !== null) {
          session.running.delivered = true;
          deliver(session.running.job);
        }
      });
    },
    result: (id, job, answer) => {
      const session = current?.id === id ? current : null;
      if (session?.running?.job.id !== job) return false;
      session.running.settle(outcome(answer));
      return true;
    },
    bye: (id) => {
      if (current?.id === id) end(current, 'the page was closed');
    },
  };
}
