import type { EventEnvelope, HeaderPairs } from '@ackline/shared/envelope';
import {
  formatTraceparent,
  isWithinRatio,
  newSpanId,
  newTraceId,
} from '@ackline/runtime/tracing/trace-context';
import { newEventId } from '@ackline/shared/event-id';
import { redactBearer } from '@ackline/shared/bearer-headers';
import { providers } from '@ackline/shared/providers/registry';
import { createWireRequest, TOKEN, USUAL_BODY_BYTES, WEBHOOK_PATH } from '../wire-request.ts';

/** As the processor's configuration names it. */
export const SOURCE = 'telegram';
const URL_CALLED = `https://hooks.example.com${WEBHOOK_PATH}`;
const HEAD_END = '\r\n\r\n';

/** Which updates: no two of a session have one number, but where the same ones are meant. */
export interface NumberRange {
  readonly first: number;
  readonly count: number;
  /** Of them, in traces that are recorded: [0, 1]. Without it the ingress has no traces, and no event has one. */
  readonly tracedRatio?: number;
}

/** What the ingress would append for these updates, but with ids of its own each time that it is asked. */
export function sampleEvents({ first, count, tracedRatio }: NumberRange): EventEnvelope[] {
  const provider = providers.get('telegram');
  if (provider === undefined) throw new Error('there is no provider telegram');
  const request = createWireRequest({ host: 'hooks.example.com', bodyBytes: USUAL_BODY_BYTES });
  const headers = redactBearer(headersOf(request.of(first)), provider.bearerHeaders, {
    secret: TOKEN,
    secretIndex: 0,
  });
  return Array.from({ length: count }, (_, index) => {
    const wire = request.of(first + index);
    const body = Buffer.from(wire.subarray(wire.indexOf(HEAD_END) + HEAD_END.length));
    const identified = provider.identify({ method: 'POST', url: URL_CALLED, headers, body });
    if (identified.kind === 'malformed') throw new Error(identified.detail);
    const { identity } = identified;
    const id = newEventId();
    return {
      id,
      source: SOURCE,
      tenant: 'default',
      provider: provider.name,
      ...identity,
      dedupKey: identity.dedupKey ?? id,
      receivedAt: Date.now(),
      method: 'POST',
      url: URL_CALLED,
      headers,
      body,
      traceparent: tracedRatio === undefined ? null : newTraceparent(tracedRatio),
      notBefore: null,
    };
  });
}

/** As an ingress draws it. */
function newTraceparent(ratio: number): string {
  const traceId = newTraceId();
  return formatTraceparent({ traceId, spanId: newSpanId(), isSampled: isWithinRatio(traceId, ratio) });
}

function headersOf(wire: Buffer): HeaderPairs {
  const [, ...lines] = wire.toString('latin1').split(HEAD_END)[0]?.split('\r\n') ?? [];
  return lines.map(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
}
