import { z } from 'zod';
import {
  brokerField,
  choiceField,
  destinationUrlField,
  durationField,
  integerField,
  listField,
  nameField,
  secretField,
  topicField,
} from './fields.ts';
import { headersField } from './header-fields.ts';
import { handlerFields } from './schema-handler.ts';
import { kafkaSecurityFields } from './schema-kafka.ts';

const MAX_BROKERS = 20;
/** With the longest wait of a day this is seven weeks, longer than anything is kept. */
const MAX_RETRIES = 50;

const retrySchema = z.strictObject(
  {
    schedule: listField(durationField('1ms', '24h'), MAX_RETRIES, 'durations')
      .prefault(['5s', '30s', '2m', '10m', '1h', '6h'])
      .describe('The waits between tries. After the last try the delivery is parked. [] means one try only.'),
    jitter: choiceField('full', 'none')
      .prefault('full')
      .describe(
        'full: each wait is a random time up to the one scheduled, so that retries do not come in waves.',
      ),
  },
  { error: 'must be a map with schedule and jitter' },
);

const breakerSchema = z.strictObject(
  {
    failures: integerField(1, 1_000)
      .prefault(10)
      .describe('Failures in a row, over all processors, that open the circuit.'),
    reset: durationField('1s', '24h').prefault('60s').describe('From then to the first probe.'),
    slowStart: durationField('0s', '1h')
      .prefault('30s')
      .describe(
        'After it has closed again, how long `concurrency` takes to grow from one attempt to all of it.',
      ),
  },
  { error: 'must be a map with failures, reset and slowStart' },
);

const rateSchema = z.strictObject(
  {
    max: integerField(1, 100_000).describe('Attempts, across all processors.'),
    per: durationField('1s', '1h')
      .prefault('1s')
      .describe('At most `max` begin within any time of this length.'),
  },
  { error: 'must be a map with max and per' },
);

/** An entry of `destinations`. */
export const destinationSchema = z.strictObject(
  {
    name: nameField.describe('Names the destination in routes, logs and metrics. Unique.'),
    type: choiceField('http', 'kafka', 'handler').describe(
      'How events are delivered: as HTTP requests, as records of a Kafka topic ([kafka.md](kafka.md)), or to a function of yours that ' +
        'the processor runs ([handlers.md](handlers.md)).',
    ),
    url: destinationUrlField
      .optional()
      .describe('With http, and needed there: where events are sent to, by POST.'),
    topic: topicField
      .optional()
      .describe('With kafka, and needed there: the topic. Ackline does not make it.'),
    key: choiceField('ordering-key', 'event-id', 'none')
      .optional()
      .describe(
        'With kafka: the key of records, and so their partition. Default `ordering-key`: that of the chat, customer or contact; none ' +
          'where an event has none.',
      ),
    headers: headersField
      .optional()
      .describe(
        'With http: headers that each request has, such as `x-api-key` or `authorization`, each a text or a secret ([http.md](http.md#headers-of-a-destination)). ' +
          'With kafka: those that each record has, texts alone.',
      ),
    brokers: listField(brokerField, MAX_BROKERS, 'brokers')
      .min(1, 'must have one broker at least')
      .optional()
      .describe(
        'With kafka: a cluster other than that of `KAFKA_BROKERS`, reached as `tls` and `sasl` say, and by nothing of the environment.',
      ),
    ...kafkaSecurityFields,
    ...handlerFields,
    concurrency: integerField(1, 1_000).prefault(20).describe('Attempts at a time, across all processors.'),
    rate: rateSchema
      .optional()
      .describe(
        'How often attempts may begin, at most. What is above it waits; a probe and a retry count too.',
      ),
    timeout: durationField('100ms', '120s')
      .prefault('10s')
      .describe('Of one attempt, from the connection to the last byte; with handler, of one call of it.'),
    retry: retrySchema.prefault({}).describe('When a failed attempt is tried again.'),
    breaker: breakerSchema
      .prefault({})
      .describe('When a destination that fails is left alone. Its work is held, not lost.'),
    ordering: choiceField('none', 'key')
      .prefault('none')
      .describe(
        'key: events of one chat, customer or contact are delivered one after the other, as they were stored.',
      ),
    onPark: choiceField('continue', 'block')
      .prefault('continue')
      .describe('With ordering by key: go on after a parked delivery, or hold the later ones of its key.'),
    signingSecret: secretField
      .optional()
      .describe(
        'With http and kafka: signs each delivery by Standard Webhooks (whsec_…). Without it deliveries are not signed.',
      ),
    forwardSecret: z
      .boolean({ error: 'must be true or false' })
      .meta({ title: 'true or false' })
      .prefault(false)
      .describe(
        "true: the provider's own bearer secret (Telegram's token) is sent along, so that its SDK can check it.",
      ),
  },
  { error: 'must be a destination: a map with name, type and url, topic or module' },
);
