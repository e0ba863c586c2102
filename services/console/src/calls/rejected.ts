import { AppError } from '@ackline/shared/app-error';
import { pageRejections, readRejection, type ListedRejection } from '@ackline/store/rejections';
import type { Pool } from 'pg';
import type { Caller } from '../access/caller.ts';
import type { rejectedRoutes } from '../api/rejected.ts';
import type { Declared } from '../declared.ts';
import type { CallsOf } from './call.ts';
import { readTimeCursor, timeCursor } from './cursors.ts';

export interface RejectedCallsDeps {
  readonly reads: Pool;
  readonly declared: () => Declared;
}

export function createRejectedCalls({ reads, declared }: RejectedCallsDeps): CallsOf<typeof rejectedRoutes> {
  /** A refused request has a source and no tenant: that of its source, as it is configured. null: all sources. */
  function sourcesOf({ tenant }: Caller): readonly string[] | null {
    if (tenant === null) return null;
    return declared()
      .ackline.sources.filter(source => source.tenant === tenant)
      .map(({ name }) => name);
  }

  return {
    async listRejected({ query: { limit, cursor, source }, caller }) {
      const own = sourcesOf(caller);
      const asked = source === undefined ? own : [source].filter(name => own?.includes(name) ?? true);
      const found = await pageRejections(reads, asked, { before: readTimeCursor(cursor), limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        json: {
          items: items.map(shownRequest),
          next: found.length > limit && last !== undefined ? timeCursor(last.place) : null,
          scannedTo: null,
        },
      };
    },
    async readRejected({ params: { id }, caller }) {
      const request = await readRejection(reads, id);
      if (request === null || sourcesOf(caller)?.includes(request.source) === false)
        throw new AppError('ACKLINE_NOT_FOUND', `No refused request is kept with the id ${id}`);
      return { json: shownRequest(request) };
    },
  };
}

function shownRequest(request: ListedRejection) {
  const { requestId, rejectedAt, source, provider, code, reason, diagnosis, what, fix, method, url } =
    request;
  const { headers, bodyBytes, bodySha256, secrets, tried, secretIndex, skewMs } = request;
  return {
    requestId,
    rejectedAt: rejectedAt.toISOString(),
    source,
    provider,
    code,
    reason,
    diagnosis,
    what,
    fix,
    method,
    url,
    headers: headers.known.map(([name, length]) => ({ name, length })),
    otherHeaders: headers.others,
    bodyBytes,
    bodySha256,
    secrets,
    tried: { ...tried },
    secretIndex,
    skewMs,
  };
}
