import { readFile } from 'node:fs/promises';
import type { HandlerPg } from '@ackline/handlers/handler-context';

export interface Contact {
  readonly tenant: string;
  readonly id: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** JSON. */
  readonly fields: string;
  readonly seenAt: Date;
  readonly seenMessage: string;
}

export interface Message {
  readonly tenant: string;
  readonly channelId: string;
  readonly id: string;
  readonly contactId: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly channelName: string | null;
  readonly type: string | null;
  readonly body: string | null;
  readonly sentAt: Date;
}

/** What is newer stays: in whatever order events come, and however often, the row is that of the newest. */
export async function upsertContact(pg: HandlerPg, contact: Contact): Promise<void> {
  const { tenant, id, phone, email, firstName, lastName, fields, seenAt, seenMessage } = contact;
  await pg.query(
    `insert into respondio_intake.contacts as known
       (tenant, id, phone, email, first_name, last_name, fields, seen_at, seen_message)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (tenant, id) do update set
       phone = excluded.phone,
       email = excluded.email,
       first_name = excluded.first_name,
       last_name = excluded.last_name,
       fields = excluded.fields,
       seen_at = excluded.seen_at,
       seen_message = excluded.seen_message
     where (known.seen_at, known.seen_message) < (excluded.seen_at, excluded.seen_message)`,
    [tenant, id, phone, email, firstName, lastName, fields, seenAt, seenMessage],
  );
}

/** One row for a message, however often it comes; of several forms of it the newest. Its contact has to be there. */
export async function upsertMessage(pg: HandlerPg, message: Message): Promise<void> {
  const { tenant, channelId, id, contactId, direction, channelName, type, body, sentAt } = message;
  await pg.query(
    `insert into respondio_intake.messages as known
       (tenant, channel_id, id, contact_id, direction, channel_name, type, body, sent_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (tenant, channel_id, id) do update set
       contact_id = excluded.contact_id,
       direction = excluded.direction,
       channel_name = excluded.channel_name,
       type = excluded.type,
       body = excluded.body,
       sent_at = excluded.sent_at
     where known.sent_at < excluded.sent_at`,
    [tenant, channelId, id, contactId, direction, channelName, type, body, sentAt],
  );
}

let tables: Promise<void> | null = null;

/** Runs schema.sql, once in each thread. */
export function createTables(pg: HandlerPg): Promise<void> {
  tables ??= runSchema(pg).catch((error: unknown) => {
    tables = null; // the next event tries again
    throw error;
  });
  return tables;
}

async function runSchema(pg: HandlerPg): Promise<void> {
  await pg.query(await readFile(new URL('../schema.sql', import.meta.url), 'utf8'));
}
