import type { LookupFunction } from 'node:net';
import type { KafkaCluster } from '@ackline/eventlog/kafka-cluster';
import type { OutboundRecord, SentRecord } from '@ackline/eventlog/kafka-sender';
import type { KafkaDestinationConfig } from '@ackline/shared/config/types';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { Connections, OutboundDelivery } from './delivery-sender.ts';
import { classify, classOfCode } from './http-sender.ts';
import { deliveryHeaders } from '@ackline/shared/outbound-headers';
import type { AttemptResult } from '../outcomes/outcome.ts';

/** Holds the original headers as JSON: a record's headers have no order that clients agree on, and few clients read duplicates. */
const ORIGINAL_HEADERS = 'ackline-http-headers';

/** Deliveries as records of a topic, one request each, so that each has its own outcome. Loads the client, which few processors need. */
export function createKafkaDeliverySender(
  config: KafkaDestinationConfig,
  { cluster, lookup }: { readonly cluster: KafkaCluster; readonly lookup: LookupFunction },
): Connections {
  const { topic, timeoutMs } = config;
  const opening = import('@ackline/eventlog/kafka-sender').then(({ createKafkaSender }) =>
    createKafkaSender({ ...cluster, topic, timeoutMs, lookup }),
  );
  const close = async () => (await opening).close();
  const inFlight = new Set<Promise<unknown>>();
  return {
    async send(delivery) {
      const record = recordOf(delivery, config);
      const sending = opening.then(sender => sender.send(record, delivery.signal));
      inFlight.add(sending);
      void sending.then(() => inFlight.delete(sending));
      return untilAborted(sending, delivery.signal);
    },
    retire: () => void Promise.all(inFlight).then(close),
    close,
  };
}

export function recordOf(
  {
    webhook,
    event,
  }: Pick<OutboundDelivery, 'webhook'> & { readonly event: Pick<EnvelopeMeta, 'id' | 'orderingKey'> },
  { key, headers }: Pick<KafkaDestinationConfig, 'key' | 'headers'>,
): OutboundRecord {
  const { original, own } = deliveryHeaders({ ...webhook, prefixed: false });
  const keys = { 'ordering-key': event.orderingKey, 'event-id': event.id, none: null };
  const text = keys[key];
  return {
    key: text === null ? null : Buffer.from(text),
    value: Buffer.from(webhook.body.buffer, webhook.body.byteOffset, webhook.body.byteLength),
    headers: [...Object.entries(headers), ...own, [ORIGINAL_HEADERS, JSON.stringify(original)]],
  };
}

/**
 * The one place where what Kafka said becomes a result: what it refuses is parked, all else is tried again. A partition without a
 * leader says nothing of the others, so that it does not open the circuit for them.
 */
export function resultOf(sent: SentRecord): AttemptResult {
  switch (sent.kind) {
    case 'acked':
      return { kind: 'acked' };
    case 'refused':
      return { kind: 'error', errorClass: 'unsendable', systemCode: sent.code, detail: sent.code };
    case 'unled':
      return { kind: 'error', errorClass: 'no-leader', systemCode: sent.code, detail: sent.code };
    case 'failed':
      return {
        kind: 'error',
        errorClass: classOfCode(sent.code) ?? 'connect',
        ...(sent.code === null ? {} : { systemCode: sent.code, detail: sent.code }),
      };
    default: {
      const never: never = sent;
      return never;
    }
  }
}

async function untilAborted(sending: Promise<SentRecord>, signal: AbortSignal): Promise<AttemptResult> {
  const { promise: aborted, resolve } = Promise.withResolvers<AttemptResult>();
  const onAbort = () => resolve({ kind: 'error', errorClass: classify(signal.reason) });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([sending.then(resultOf), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
