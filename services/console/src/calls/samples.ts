import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { prepareSamples, type SampleSource } from '@ackline/runtime/samples/prepare-samples';
import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { SampleRequest } from '@ackline/shared/provider';
import { noteAudit } from '@ackline/store/audit';
import { eventOfKey, locateEvent } from '@ackline/store/event-details';
import type { Pool } from 'pg';
import { maySee } from '../access/caller.ts';
import type { sampleRoutes } from '../api/samples.ts';
import type { ConsoleConfig } from '../config.ts';
import type { Declared } from '../declared.ts';
import type { CallsOf } from './call.ts';

export interface SampleCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly declared: () => Declared;
  readonly config: Pick<ConsoleConfig, 'ingressUrl' | 'isProduction' | 'environment'>;
}

/** An ingress answers within milliseconds, or with a 503. */
const ANSWER_LIMIT_MS = 10_000;
/** What an ingress says is short; of what is longer the start is enough. */
const MAX_ANSWER_BYTES = 65_536;
/** A processor stores an event within milliseconds, unless it is behind: then the event is found in the list. */
const STORED_WITHIN_MS = 3_000;
const LOOKED_EVERY_MS = 100;
const MAX_SEQUENCE = 2 ** 31;
const MAX_AT_A_TIME = 5;

export function createSampleCalls(deps: SampleCallsDeps): CallsOf<typeof sampleRoutes> {
  const { reads, changes, declared } = deps;
  /** Who is sending one. */
  const sending = new Set<string>();
  return {
    async sendSample({ params: { name }, caller }) {
      const source = declared().ackline.sources.find(
        candidate => candidate.name === name && maySee(caller, candidate.tenant),
      );
      if (source === undefined)
        throw new AppError('ACKLINE_NOT_FOUND', 'The configuration has no source of this name');
      if (sending.has(caller.name) || sending.size >= MAX_AT_A_TIME)
        throw new AppError('ACKLINE_CONSOLE_BUSY', 'Another sample is being sent');
      sending.add(caller.name);
      try {
        const samples = prepare(source, deps);
        const sample = samples.sample(randomInt(MAX_SEQUENCE), Date.now());
        // Noted before it is sent: none is sent that is not.
        const details = { provider: source.provider };
        await noteAudit(changes, { actor: caller.name, action: 'sample.sent', subject: name, details });
        const answered = await post(samples.url, sample);
        const isTaken = answered.status !== null && answered.status < 300;
        const eventId = isTaken ? await findEvent(reads, source.name, keyOf(samples, sample)) : null;
        return { json: { source: name, url: samples.url, ...answered, eventId } };
      } finally {
        sending.delete(caller.name);
      }
    },
  };
}

/** Throws ACKLINE_WRONG_STATE where nothing can be signed here. */
function prepare(source: SourceConfig, { declared, config }: SampleCallsDeps): SampleSource {
  try {
    return prepareSamples(source, {
      config: declared().ackline,
      environment: config.environment,
      mode: config.isProduction ? 'production' : 'development',
      baseUrl: config.ingressUrl,
    });
  } catch (error) {
    if (error instanceof AppError) throw new AppError('ACKLINE_WRONG_STATE', error.message, { cause: error });
    throw error;
  }
}

/** As its provider would. Never rejects. */
async function post(url: string, { headers, body, query = '' }: SampleRequest) {
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  try {
    const response = await fetch(url + query, {
      method: 'POST',
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      body: Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    await readStart(response);
    return { status: response.status, error: null, ms: ms() };
  } catch (error) {
    return { status: null, error: reasonOf(error), ms: ms() };
  }
}

/** So that the connection is free again; its words are the provider's. */
async function readStart({ body }: Response): Promise<void> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return;
  }
}

/** A bounded set: the system's own code, or that it took too long. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'failed';
}

/** By which its event is found; null: its provider gives no id that can be trusted. */
function keyOf({ provider, url }: SampleSource, { headers, body, query = '' }: SampleRequest): string | null {
  const identified = provider.identify({ method: 'POST', url: url + query, headers, body });
  return identified.kind === 'malformed' ? null : identified.identity.dedupKey;
}

/** null: it is not known, or not stored yet. */
async function findEvent(reads: Pool, source: string, dedupKey: string | null): Promise<string | null> {
  if (dedupKey === null) return null;
  const endsAt = performance.now() + STORED_WITHIN_MS;
  for (;;) {
    const id = await eventOfKey(reads, { source, dedupKey });
    // A body that was split has a key, and its parts are the events.
    if (id !== null) return (await locateEvent(reads, id)) === null ? null : id;
    if (performance.now() > endsAt) return null;
    await delay(LOOKED_EVERY_MS);
  }
}
