import { randomUUID } from 'node:crypto';
import type { EventEnvelope } from '@ackline/shared/envelope';

/** An event as the ingress would append it; `overrides` replace fields. */
export function sampleEvent(overrides: Partial<EventEnvelope> = {}): EventEnvelope {
  const id = randomUUID();
  return {
    id,
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: id,
    orderingKey: '42',
    occurredAt: 1_795_372_799_000,
    receivedAt: 1_795_372_800_000,
    method: 'POST',
    url: 'https://hooks.example.com/webhook/telegram',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Twice', 'one'],
      ['x-twice', 'caf\u00e9'],
    ],
    body: Buffer.from('{"update_id":1}'),
    priority: 'normal',
    traceparent: null,
    notBefore: null,
    ...overrides,
  };
}
