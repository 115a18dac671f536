/**
 * The database's schema, as the steps that made it. A step is never changed once released; `user_version` of the file
 * says how many have been done.
 */
import { type Kysely, sql } from 'kysely';

export const MIGRATIONS: readonly ((db: Kysely<unknown>) => Promise<void>)[] = [
  async (db) => {
    await db.schema
      .createTable('trials')
      .addColumn('number', 'integer', (c) => c.primaryKey())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull())
      .addColumn('genome', 'text', (c) => c.notNull())
      .addColumn('measures', 'text', (c) => c.notNull())
      .addColumn('curve', 'text', (c) => c.notNull())
      .addColumn('reason', 'text')
      .addColumn('startedAt', 'real')
      .addColumn('endedAt', 'real')
      .execute();
    await db.schema
      .createTable('artefacts')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('value', 'text', (c) => c.notNull())
      .execute();
    // "Espl": tells our files from other programs' (SQLite's application_id).
    await sql`PRAGMA application_id = 1165193324`.execute(db);
  },
  async (db) => {
    await db.schema
      .alterTable('trials')
      .addColumn('fidelity', 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
  },
  async (db) => {
    await db.schema.alterTable('trials').addColumn('training', 'text').execute();
    await db.schema.alterTable('trials').addColumn('note', 'text').execute();
  },
];

export const APPLICATION_ID = 1165193324;
