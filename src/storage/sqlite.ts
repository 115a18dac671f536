/**
 * A study in one SQLite file.
 *
 * Write-ahead log with `synchronous = NORMAL`: what was told survives the death of the process at any moment; only a
 * power cut may cost the last trials, never the file. Closing brings the log into the file. The writer holds a lock in a file beside it, which the system
 * releases when the process ends, however it ends.
 */
import { existsSync } from 'node:fs';
import { Kysely, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';
import { EspalierError, fail } from '../errors.ts';
import type { Trial, TrialState } from '../study/trial.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import type { Json, StudyStorage } from './storage.ts';

interface TrialRow {
  number: number;
  state: string;
  hash: string;
  fidelity: number;
  genome: string;
  measures: string;
  curve: string;
  reason: string | null;
  /** Null also in what an older version wrote. */
  training: string | null;
  note: string | null;
  startedAt: number | null;
  endedAt: number | null;
}
interface Tables {
  trials: TrialRow;
  artefacts: { name: string; value: string };
}

/** How a study's file is opened. */
export interface SqliteOptions {
  /** `write` takes the writer's lock and makes the file when it is missing; `read` needs it to be there. */
  readonly mode: 'write' | 'read';
}

/**
 * Opens a study in one SQLite file, in write-ahead mode. What was put survives the death of the process at any
 * moment; a power cut may cost the last trials, never the file. One process writes: it holds a lock in the file
 * `<path>.lock`, which the system releases when it ends. Closing brings everything into the one file. Older formats
 * are brought up to date when they are opened to be written.
 * @throws STORAGE_MISSING when a file to be read is not there; STORAGE_LOCKED when another process writes this study;
 *   STORAGE_VERSION, STORAGE_FOREIGN for files that are too new or not ours; STORAGE when the file cannot be used,
 *   from the storage's functions too: a full or read-only disk
 */
export async function openSqlite(path: string, { mode }: SqliteOptions): Promise<StudyStorage> {
  if (mode === 'read' && !existsSync(path)) fail('STORAGE_MISSING', { path });
  const lock = mode === 'write' ? takeLock(path) : null;
  try {
    const db = await guarded(path, async () => {
      const database = new Database(path);
      // Kysely needs better-sqlite3's interface, which libsql has.
      return new Kysely<Tables>({ dialect: new SqliteDialect({ database: database as never }) });
    });
    try {
      await guarded(path, () => prepare(db, path, mode));
    } catch (error) {
      await db.destroy();
      throw error;
    }
    return storage(db, path, lock);
  } catch (error) {
    lock?.close();
    throw error;
  }
}

function takeLock(path: string): Database.Database {
  let lock: Database.Database | null = null;
  try {
    lock = new Database(`${path}.lock`);
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if (/locked|busy/i.test(String(cause))) return fail('STORAGE_LOCKED', { path }, cause);
    return fail('STORAGE', { path, reason: messageOf(cause) }, cause);
  }
}

async function prepare(db: Kysely<Tables>, path: string, mode: 'write' | 'read'): Promise<void> {
  const pragma = async (name: string): Promise<number> => {
    const { rows } = await sql.raw<Record<string, number>>(`PRAGMA ${name}`).execute(db);
    return Number(Object.values(rows[0] ?? {})[0] ?? 0);
  };
  await sql`PRAGMA busy_timeout = 5000`.execute(db);
  const version = await pragma('user_version');
  const tables = await sql<{ n: number }>`SELECT count(*) AS n FROM sqlite_master`.execute(db);
  const empty = Number(tables.rows[0]?.n ?? 0) === 0;
  if (!empty && (await pragma('application_id')) !== APPLICATION_ID) fail('STORAGE_FOREIGN', { path });
  if (version > MIGRATIONS.length) fail('STORAGE_VERSION', { path, version, known: MIGRATIONS.length });
  if (mode === 'read') return;
  await sql`PRAGMA journal_mode = WAL`.execute(db);
  await sql`PRAGMA synchronous = NORMAL`.execute(db);
  for (let step = version; step < MIGRATIONS.length; step++) {
    await db.transaction().execute(async (transaction) => {
      await MIGRATIONS[step]!(transaction as unknown as Kysely<unknown>);
      await sql.raw(`PRAGMA user_version = ${step + 1}`).execute(transaction);
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Turns the database's errors into ours. */
async function guarded<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof EspalierError) throw error;
    if (/not a database|malformed/i.test(messageOf(error))) return fail('STORAGE_FOREIGN', { path }, error);
    return fail('STORAGE', { path, reason: messageOf(error) }, error);
  }
}

function storage(db: Kysely<Tables>, path: string, lock: Database.Database | null): StudyStorage {
  return {
    putTrial: (trial) =>
      guarded(path, async () => {
        const row = toRow(trial);
        const { number, ...rest } = row;
        await db
          .insertInto('trials')
          .values(row)
          .onConflict((conflict) => conflict.column('number').doUpdateSet(rest))
          .execute();
      }),
    trials: () =>
      guarded(path, async () =>
        (await db.selectFrom('trials').selectAll().orderBy('number').execute()).map(fromRow),
      ),
    putArtefact: (name, value) =>
      guarded(path, async () => {
        const text = JSON.stringify(value);
        await db
          .insertInto('artefacts')
          .values({ name, value: text })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: text }))
          .execute();
      }),
    artefact: (name) =>
      guarded(path, async () => {
        const row = await db
          .selectFrom('artefacts')
          .select('value')
          .where('name', '=', name)
          .executeTakeFirst();
        return row === undefined ? null : (JSON.parse(row.value) as Json);
      }),
    close: async () => {
      if (lock !== null) await settle(db);
      await db.destroy();
      lock?.close();
    },
  };
}

/**
 * Brings everything into the one file, so that copying it copies the study. SQLite does this by itself when the last
 * connection closes, but libsql's stay half open until their statements are collected, which is after the process ended.
 */
async function settle(db: Kysely<Tables>): Promise<void> {
  try {
    await sql`PRAGMA busy_timeout = 0`.execute(db);
    await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
    await sql`PRAGMA journal_mode = DELETE`.execute(db);
  } catch {
    // A reader is at work or the disk is full: the log beside the file holds what is missing, and nothing is lost.
  }
}

function toRow({ genome, measures, curve, training, note, ...rest }: Trial): TrialRow {
  return {
    ...rest,
    genome: JSON.stringify(genome),
    measures: JSON.stringify(measures),
    curve: JSON.stringify(curve),
    training: training === undefined ? null : JSON.stringify(training),
    note: note ?? null,
  };
}

function fromRow(row: TrialRow): Trial {
  // Read without a migration, an older file has no such columns.
  const [training, note] = [row.training ?? null, row.note ?? null];
  return {
    number: row.number,
    state: row.state as TrialState,
    hash: row.hash,
    ...(training !== null && { training: JSON.parse(training) as NonNullable<Trial['training']> }),
    ...(note !== null && { note }),
    fidelity: row.fidelity,
    genome: JSON.parse(row.genome) as Trial['genome'],
    measures: JSON.parse(row.measures) as Trial['measures'],
    curve: JSON.parse(row.curve) as Trial['curve'],
    reason: row.reason,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
  };
}
