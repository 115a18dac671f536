/**
 * Sessions that are kept for the next candidate of the same structure: creating one takes longer than several steps of a
 * small network, and a study that searches hyperparameters too, or trains in rungs, trains one structure many times.
 *
 * What is fed decides what a session computes, and weights are fed: a session that has run before gives bitwise the same.
 */
import { createHash } from 'node:crypto';
import { createSession, type Session, type SessionOptions } from './session.ts';

/** Idle sessions, at most. */
const MOST = 8;
/** An idle session holds the memory of its largest run: it is kept only in a process that is below this, in bytes. */
const RESIDENT_LIMIT = 512 * 2 ** 20;

export interface SessionPool {
  /** As `createSession`, but one of the same model and options that was released before is taken first. */
  readonly open: typeof createSession;
  /** Releases all that are idle; those in use are released by their users. */
  close(): Promise<void>;
}

export interface SessionPoolOptions {
  /** Idle sessions, at most; 8 by default. */
  readonly most?: number;
  /** Resident bytes of the process above which none is kept; 512 MiB by default. */
  readonly residentLimit?: number;
}

export function createSessionPool(options: SessionPoolOptions = {}): SessionPool {
  const { most = MOST, residentLimit = RESIDENT_LIMIT } = options;
  /** The one that has been idle longest first. */
  const idle: { readonly key: string; readonly session: Session }[] = [];
  let closed = false;

  const shrink = async (): Promise<void> => {
    while (idle.length > 0 && (closed || idle.length > most || process.memoryUsage.rss() > residentLimit)) {
      await idle.shift()!.session.release();
    }
  };
  return {
    async open(model, sessionOptions: SessionOptions = {}) {
      const key = createHash('sha256').update(model).update(JSON.stringify(sessionOptions)).digest('hex');
      const at = idle.findLastIndex((entry) => entry.key === key);
      const session = at < 0 ? await createSession(model, sessionOptions) : idle.splice(at, 1)[0]!.session;
      // A profile is written when its session ends.
      if (sessionOptions.profilePrefix !== undefined) return session;
      return {
        ...session,
        release: async () => {
          idle.push({ key, session });
          await shrink();
        },
      };
    },
    close: async () => {
      closed = true;
      await shrink();
    },
  };
}
