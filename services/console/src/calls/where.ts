import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { readJson } from '@ackline/shared/providers/body/json-body';
import { type CompiledFilter, compileFilter } from '@ackline/shared/routing/filter';
import { type FilterDocument, filterDocument } from '@ackline/shared/routing/filter-document';
import { open } from '@ackline/shared/seal';
import { readPayloads, type SealedPayload } from '@ackline/store/event-details';
import type { FoundPlace } from '@ackline/store/event-places';
import type { Pool } from 'pg';
import { type Caller, requireScope } from '../access/caller.ts';

/** Rows and bytes that are read at a time. */
const CHUNK_ROWS = 50;
const CHUNK_BYTES = 8 * 1024 * 1024;
/** Of one page: what is behind them is found behind its cursor. */
export const MAX_FILTERED_ROWS = 500;
export const MAX_FILTERED_BYTES = 32 * 1024 * 1024;
export const MAX_FILTER_MS = 300;
/** Others get their turn after so long. */
export const SLICE_MS = 5;

/**
 * The filter of a query; null: none is asked for. It needs the scope `payload`: by many filters somebody would read what they may
 * not see. Throws ACKLINE_NOT_ALLOWED or ACKLINE_CALL_INVALID.
 */
export function readWhere(text: string | undefined, caller: Caller): CompiledFilter | null {
  if (text === undefined) return null;
  requireScope(caller, 'payload');
  const compiled = compileFilter(parse(text));
  if ('filter' in compiled) return compiled.filter;
  const problems = compiled.problems.map(
    ({ path, message }) => `${['where', ...path].join('.')}: ${message}`,
  );
  throw new AppError('ACKLINE_CALL_INVALID', problems.join('; '));
}

/** As bodies are read: an integer that no double holds keeps its digits. */
function parse(text: string): unknown {
  const read = readJson(Buffer.from(text));
  if (read.kind === 'json') return read.value;
  throw new AppError('ACKLINE_CALL_INVALID', 'where: is no JSON');
}

/** What is sealed, as a filter sees it; its body is parsed once, for all that ask. null: it can't be read, and matches nothing. */
export function documentOf({ keyId, meta, body }: SealedPayload): FilterDocument | null {
  try {
    const event = decodeMeta(open({ keyId, bytes: meta }));
    return filterDocument({ ...event, body: open({ keyId, bytes: body }) });
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

export function passes(where: CompiledFilter, payload: SealedPayload): boolean {
  const document = documentOf(payload);
  return document !== null && where(document);
}

interface FilterBudget {
  readonly isSpent: boolean;
  /** Lets others have their turn when it is time for it. */
  spend(cost: { readonly ms: number; readonly bytes: number }): Promise<void>;
}

/** What a page may cost by its filter. */
function createFilterBudget(): FilterBudget {
  let spentMs = 0;
  let sliceMs = 0;
  let spentBytes = 0;
  return {
    get isSpent() {
      return spentMs > MAX_FILTER_MS || spentBytes > MAX_FILTERED_BYTES;
    },
    async spend({ ms, bytes }) {
      spentMs += ms;
      sliceMs += ms;
      spentBytes += bytes;
      if (sliceMs <= SLICE_MS) return;
      await turn();
      sliceMs = 0;
    },
  };
}

export interface FilteredPlaces {
  readonly passed: readonly FoundPlace[];
  /** The last one that was looked at; null: all were. */
  readonly stoppedAt: FoundPlace | null;
}

/** Those of the places whose events pass, until there are `limit` or a bound is reached; the first is always looked at. */
export async function filterPlaces(
  queryable: Pick<Pool, 'query'>,
  places: readonly FoundPlace[],
  { where, limit }: { readonly where: CompiledFilter; readonly limit: number },
): Promise<FilteredPlaces> {
  const passed: FoundPlace[] = [];
  const budget = createFilterBudget();
  for (const chunk of chunksOf(places)) {
    const payloads = await readPayloads(queryable, chunk);
    for (const place of chunk) {
      const startedAt = performance.now();
      const payload = payloads.get(place.seq);
      if (payload !== undefined && passes(where, payload)) passed.push(place);
      await budget.spend({ ms: performance.now() - startedAt, bytes: place.bodyBytes });
      if (passed.length === limit || budget.isSpent)
        return { passed, stoppedAt: place === places.at(-1) ? null : place };
    }
  }
  return { passed, stoppedAt: null };
}

/** By rows and bytes; one that is larger alone. */
export function chunksOf<Place extends { readonly bodyBytes: number }>(
  places: readonly Place[],
): readonly (readonly Place[])[] {
  const chunks: Place[][] = [];
  let bytes = 0;
  for (const place of places) {
    const last = chunks.at(-1);
    if (last === undefined || last.length >= CHUNK_ROWS || bytes + place.bodyBytes > CHUNK_BYTES) {
      chunks.push([place]);
      bytes = place.bodyBytes;
    } else {
      last.push(place);
      bytes += place.bodyBytes;
    }
  }
  return chunks;
}
