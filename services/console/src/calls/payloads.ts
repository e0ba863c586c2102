import type { Gate } from '@ackline/runtime/gate';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { open } from '@ackline/shared/seal';
import { noteAudit } from '@ackline/store/audit';
import { type EventLocation, readPayload, type SealedPayload } from '@ackline/store/event-details';
import type { Response } from 'express';
import type { Pool } from 'pg';
import { createBoundedGate } from '../access/bounded-gate.ts';
import type { Caller } from '../access/caller.ts';
import type { eventRoutes } from '../api/events.ts';
import { createUntaken } from '../http/taken.ts';
import type { CallsOf } from './call.ts';
import { locate, noEvent } from './locate-event.ts';

/** A body has up to 25 MiB, and is there four times over while its answer is made. */
const MADE_AT_A_TIME = 1;
/** Then it is there once, in base64: four of the largest fit beside all else. */
const MAX_UNTAKEN_BYTES = 136 * 1024 * 1024;
/** They hold no memory yet, but a connection. */
const MAX_WAITING = 64;
const MAX_WAIT_MS = 30_000;

/** Lets so much of payloads be in memory, and no more: `make` puts them into the answer, which is awaited until it is taken. */
export type PayloadGate = (
  of: { readonly caller: Pick<Caller, 'name' | 'tenant'>; readonly response: Response },
  make: () => Promise<void>,
) => Promise<void>;

/** One of a tenant, or of a caller of all, at a time: who takes slowly holds up no other (A6). */
export function createPayloadGate(): PayloadGate {
  const busy = 'Other payloads are taken just now';
  const limits = { maxWaiting: MAX_WAITING, maxWaitMs: MAX_WAIT_MS, busy, atATime: MADE_AT_A_TIME };
  const all = createBoundedGate(limits);
  const untaken = createUntaken(MAX_UNTAKEN_BYTES);
  const turns = new Map<string, { readonly own: Gate; users: number }>();
  return async ({ caller: { name, tenant }, response }, make) => {
    const owner = JSON.stringify(tenant === null ? { name } : { tenant });
    const turn = turns.get(owner) ?? { own: createBoundedGate(limits), users: 0 };
    turns.set(owner, turn);
    turn.users += 1;
    try {
      await turn.own(async () => {
        await all(async () => {
          if (!response.req.socket.destroyed) await make(); // else it has gone while it waited
        });
        await untaken(response);
      });
    } finally {
      turn.users -= 1;
      if (turn.users === 0) turns.delete(owner);
    }
  };
}

export interface PayloadCallDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly gate: PayloadGate;
}

export function createReadPayload({
  reads,
  changes,
  gate,
}: PayloadCallDeps): CallsOf<typeof eventRoutes>['readPayload'] {
  return async ({ params, query, caller }) => {
    const located = await locate(reads, params.id, caller);
    const isRaw = query.raw !== undefined;
    // Noted before it is shown: nobody sees one that is not.
    await noteAudit(changes, {
      actor: caller.name,
      action: 'payload.viewed',
      subject: located.id,
      details: { source: located.source, form: isRaw ? 'raw' : 'json' },
    });
    return {
      send: response => gate({ caller, response }, () => sendPayload(response, { reads, located, isRaw })),
    };
  };
}

interface SentPayload {
  readonly reads: Pool;
  readonly located: EventLocation;
  readonly isRaw: boolean;
}

async function sendPayload(response: Response, { reads, located, isRaw }: SentPayload): Promise<void> {
  const payload = await readPayload(reads, located);
  if (payload === null) throw noEvent(located.id);
  if (isRaw) sendFile(response, located.id, bodyOf(payload));
  else response.status(200).json({ id: located.id, ...shownPayload(payload) });
}

function bodyOf({ keyId, body }: Pick<SealedPayload, 'keyId' | 'body'>): Buffer {
  return Buffer.from(open({ keyId, bytes: body }));
}

/** Throws where it can't be read. */
export function shownPayload(payload: Pick<SealedPayload, 'keyId' | 'meta' | 'body'>) {
  const { method, url, headers } = decodeMeta(open({ keyId: payload.keyId, bytes: payload.meta }));
  const body = bodyOf(payload);
  return {
    method,
    url,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    bodyBytes: body.length,
    bodyBase64: body.toString('base64'),
  };
}

/** As a file that no browser shows, runs or guesses the type of. */
function sendFile(response: Response, id: string, body: Buffer): void {
  response
    .status(200)
    .set({ 'content-disposition': `attachment; filename="${id}.bin"` })
    .type('application/octet-stream')
    .send(body);
}
