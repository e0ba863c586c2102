import { readFile } from 'node:fs/promises';
import type { HandlerPg } from '@ackline/handlers/handler-context';

export interface IncomingMessage {
  readonly sid: string;
  readonly customer: string;
  readonly business: string;
  readonly body: string;
}

export interface OutgoingMessage {
  readonly sid: string;
  /** null: only its status is known. */
  readonly body: string | null;
  readonly customer: string | null;
  readonly business: string | null;
  /** The sid of the message that it answers. */
  readonly answers: string | null;
  readonly status: string;
  readonly statusRank: number;
  readonly errorCode: string | null;
}

/** A file, or why it was not taken. */
export interface StoredMedia {
  readonly messageSid: string;
  readonly position: number;
  readonly contentType: string;
  readonly bytes: Uint8Array | null;
  readonly refused: string | null;
}

/** Every statement may be run again: a second time it changes nothing. */
export async function storeIncoming(pg: HandlerPg, message: IncomingMessage): Promise<void> {
  const { sid, customer, business, body } = message;
  await pg.query(
    `insert into whatsapp_intake.messages (sid, direction, customer, business, body, status, status_rank)
     values ($1, 'incoming', $2, $3, $4, 'received', 0)
     on conflict (sid) do nothing`,
    [sid, customer, business, body],
  );
}

/** An answer, or a status of one: whichever comes first makes the row, and the other completes it. */
export async function storeOutgoing(pg: HandlerPg, message: OutgoingMessage): Promise<void> {
  const { sid, customer, business, body, answers, status, statusRank, errorCode } = message;
  await pg.query(
    `insert into whatsapp_intake.messages as known
       (sid, direction, customer, business, body, answers, status, status_rank, error_code)
     values ($1, 'outgoing', $2, $3, $4, $5, $6, $7, $8)
     on conflict (sid) do update set
       customer = coalesce(known.customer, excluded.customer),
       business = coalesce(known.business, excluded.business),
       body = coalesce(known.body, excluded.body),
       answers = coalesce(known.answers, excluded.answers),
       status = case when excluded.status_rank > known.status_rank then excluded.status else known.status end,
       error_code = case when excluded.status_rank > known.status_rank then excluded.error_code else known.error_code end,
       status_rank = greatest(known.status_rank, excluded.status_rank)`,
    [sid, customer, business, body, answers, status, statusRank, errorCode],
  );
}

export async function storedPositions(pg: HandlerPg, messageSid: string): Promise<ReadonlySet<number>> {
  const { rows } = await pg.query<{ position: number }>(
    'select position from whatsapp_intake.media where message_sid = $1',
    [messageSid],
  );
  return new Set(rows.map(({ position }) => position));
}

export async function storeMedia(pg: HandlerPg, media: StoredMedia): Promise<void> {
  const { messageSid, position, contentType, bytes, refused } = media;
  await pg.query(
    `insert into whatsapp_intake.media (message_sid, position, content_type, bytes, refused)
     values ($1, $2, $3, $4, $5)
     on conflict (message_sid, position) do nothing`,
    [messageSid, position, contentType, bytes, refused],
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
