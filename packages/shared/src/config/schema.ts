import { z } from 'zod';
import {
  choiceField,
  DEFAULT_TENANT,
  destinationUrlField,
  durationField,
  eventTypeField,
  integerField,
  nameField,
  pathField,
  proxyField,
  publicUrlField,
  secondsField,
  secretField,
  sizeField,
} from './fields.ts';

/**
 * The form of ackline.yaml. Descriptions here are the text of docs/configuration.md: after a change run `npm run docs`.
 * Every object is strict: a key that is not known is an error, since a mistyped limit would silently be none.
 */

/** Far over any real file; below it, checking all of the file takes well under a second. */
const MAX_SOURCES = 1_000;
const MAX_ROUTES = 5_000;
const MAX_DESTINATIONS = 1_000;
/** Each secret is one more HMAC per request; two live ones are what a rotation needs. */
const MAX_SECRETS = 10;
const MAX_ALIASES = 20;
/** With the longest wait of a day this is seven weeks, longer than anything is kept. */
const MAX_RETRIES = 50;

/** More networks than a company puts proxies into. */
const MAX_PROXIES = 100;
/** Ten minutes of a flood fill a window of a million; more is no limit. */
const MAX_LIMIT = 1_000_000;

const limitSchema = z.strictObject(
  {
    max: integerField(1, MAX_LIMIT).describe('So many at once, and in each `per` over time.'),
    per: secondsField('1s', '24h').prefault('1m').describe('The time that max is counted over.'),
    by: choiceField('sender', 'ip', 'source')
      .prefault('sender')
      .describe(
        'Whose requests are counted together. sender: the chat, customer or contact of a verified event (its ordering ' +
          'key; an event without one is not counted). ip: the address that calls; with reject also unverified requests, ' +
          'before their body is read. source: all verified events of the source.',
      ),
    over: choiceField('reject', 'defer')
      .optional()
      .describe(
        'What happens over the limit. reject: 429 with Retry-After. defer: accepted and durable, delivered later at the ' +
          'limited rate; what would have to wait for over 24 hours is answered 429. Default: defer for telegram, where a ' +
          '429 delays every chat, and for respondio, which never sends again; reject for the others.',
      ),
  },
  { error: 'must be a map with max, per, by and over' },
);

/** The longest must end before Node's own limit on a request, and within the drain. */
const LONGEST_BODY = '10s';

const bodyTimeoutSchema = z.strictObject(
  {
    idle: durationField('10ms', LONGEST_BODY)
      .prefault('1s')
      .describe('The longest silence between two bytes.'),
    total: durationField('10ms', LONGEST_BODY)
      .prefault('5s')
      .describe('The longest time for all of the body.'),
  },
  { error: 'must be a map with idle and total' },
);

const sourceSchema = z.strictObject(
  {
    name: nameField.describe('Names the source in routes, logs and metrics. Unique.'),
    provider: z
      .string({ error: 'must be the name of a provider' })
      .meta({ title: 'name' })
      .describe('Who calls: decides how a request is verified, identified and answered.'),
    tenant: nameField.prefault(DEFAULT_TENANT).describe('Whose events these are.'),
    path: pathField.describe('The path that the provider calls. Unique over all paths and aliases.'),
    aliases: list(pathField, MAX_ALIASES, 'paths').prefault([]).describe('More paths of the same source.'),
    secrets: list(secretField, MAX_SECRETS, 'secrets')
      .min(1, 'must name one secret at least')
      .describe(
        'The secrets that prove the sender, by reference; any of them is accepted. Two while one is being rotated.',
      ),
    publicUrl: publicUrlField.optional().describe('Overrides the publicUrl of the whole file.'),
    maxBody: sizeField('1KiB', '25MiB').prefault('1MiB').describe('A larger body is answered 413.'),
    bodyTimeout: bodyTimeoutSchema.prefault({}).describe('A slower body is answered 408.'),
    limit: limitSchema
      .optional()
      .describe(
        'How much is taken, over all processes where REDIS_URL is set. Without it WEBHOOK_MAX_REQUESTS_PER_MINUTE per ' +
          'sender, where that is set.',
      ),
    connection: choiceField('keep-alive', 'close')
      .prefault('keep-alive')
      .describe('close: each answer of this source ends its connection.'),
    onUndurable: z
      .literal([503, 200], { error: 'must be 503 or 200' })
      .meta({ title: '503 or 200' })
      .prefault(503)
      .describe(
        'The answer when no event log could take the event. 503: the provider sends it again. 200: for a provider that ' +
          'never sends again and disables the webhook on errors; such an event is lost, and counted.',
      ),
  },
  { error: 'must be a source: a map with name, provider, path and secrets' },
);

const matchSchema = z.strictObject(
  {
    source: nameField.optional().describe('Only events of this source.'),
    type: eventTypeField.optional().describe('Only events of exactly this type.'),
    tenant: nameField.optional().describe('Only events of this tenant.'),
  },
  { error: 'must be a map with source, type or tenant; without any it takes every event' },
);

const routeSchema = z.strictObject(
  {
    name: nameField.describe('Names the route in logs and metrics. Unique.'),
    match: matchSchema.prefault({}).describe('Which events the route takes. All that is given must hold.'),
    destination: nameField.describe('The destination that these events are delivered to.'),
  },
  { error: 'must be a route: a map with name, match and destination' },
);

const retrySchema = z.strictObject(
  {
    schedule: list(durationField('1ms', '24h'), MAX_RETRIES, 'durations')
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
    failures: integerField(1, 1_000).prefault(10).describe('Failures in a row that open the circuit.'),
    reset: durationField('1s', '24h').prefault('60s').describe('From then to the first probe.'),
  },
  { error: 'must be a map with failures and reset' },
);

const destinationSchema = z.strictObject(
  {
    name: nameField.describe('Names the destination in routes, logs and metrics. Unique.'),
    type: z
      .literal('http', { error: 'must be http' })
      .meta({ title: 'http' })
      .describe('How events are delivered.'),
    url: destinationUrlField.describe('Where events are sent to, by POST.'),
    concurrency: integerField(1, 1_000).prefault(20).describe('Attempts at a time, across all processors.'),
    timeout: durationField('100ms', '120s')
      .prefault('10s')
      .describe('Of one attempt, from the connection to the last byte.'),
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
      .describe('Signs each delivery by Standard Webhooks (whsec_…). Without it deliveries are not signed.'),
    forwardSecret: z
      .boolean({ error: 'must be true or false' })
      .meta({ title: 'true or false' })
      .prefault(false)
      .describe(
        "true: the provider's own bearer secret (Telegram's token) is sent along, so that its SDK can check it.",
      ),
  },
  { error: 'must be a destination: a map with name, type and url' },
);

export const configSchema = z.strictObject(
  {
    publicUrl: publicUrlField
      .optional()
      .describe('The URL that providers call, up to the path. Twilio signs it, so it must be exact.'),
    trustProxies: list(proxyField, MAX_PROXIES, 'addresses and blocks')
      .prefault([])
      .describe(
        'The proxies in front of Ackline. The address that limits count by is taken from X-Forwarded-For only as far as ' +
          'these have written it.',
      ),
    sources: list(sourceSchema, MAX_SOURCES, 'sources')
      .min(1, 'must have one source at least')
      .describe('The endpoints: who may call, where, and how the caller is proven.'),
    routes: list(routeSchema, MAX_ROUTES, 'routes')
      .prefault([])
      .describe('Which events go where. An event that several routes take is delivered by each of them.'),
    destinations: list(destinationSchema, MAX_DESTINATIONS, 'destinations')
      .prefault([])
      .describe('Where events are delivered to.'),
  },
  { error: 'must be a map with sources, routes and destinations' },
);

export type ConfigFile = z.output<typeof configSchema>;

function list<Item extends z.ZodType>(item: Item, max: number, what: string) {
  return z.array(item, { error: `must be a list of ${what}` }).max(max, `must have ${max} ${what} at most`);
}
