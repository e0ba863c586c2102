import { z } from 'zod';
import {
  choiceField,
  DEFAULT_TENANT,
  durationField,
  integerField,
  listField,
  nameField,
  pathField,
  publicUrlField,
  secondsField,
  secretField,
  sizeField,
} from './fields.ts';
import { maxBodyText, overLimitText, toleranceText } from './provider-defaults.ts';

/** Each secret is one more HMAC per request; two live ones are what a rotation needs. */
const MAX_SECRETS = 10;
const MAX_ALIASES = 20;
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
          'key; an event without one is not counted, nor a body whose events are of several): whoever has the secret can ' +
          'name as many senders as they like, and is bounded by source or ip alone. ip: the address that calls; with reject ' +
          'also unverified requests, before their body is read. source: all verified events of the source.',
      ),
    over: choiceField('reject', 'defer')
      .optional()
      .describe(
        'What happens over the limit. reject: 429 with Retry-After. defer: accepted and durable, delivered later at the ' +
          `limited rate; what would have to wait for over 24 hours is answered 429. Default: ${overLimitText()}.`,
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

/** An entry of `sources`. */
export const sourceSchema = z.strictObject(
  {
    name: nameField.describe('Names the source in routes, logs and metrics. Unique.'),
    provider: z
      .string({ error: 'must be the name of a provider' })
      .meta({ title: 'name' })
      .describe('Who calls: decides how a request is verified, identified and answered.'),
    options: z
      .record(z.string(), z.unknown(), { error: 'must be a map' })
      .optional()
      .meta({ title: 'map' })
      .describe(
        'Rules of the provider that are stated here: of generic alone, [below](#sourcesoptions-of-generic).',
      ),
    tenant: nameField.prefault(DEFAULT_TENANT).describe('Whose events these are.'),
    path: pathField.describe('The path that the provider calls. Unique over all paths and aliases.'),
    aliases: listField(pathField, MAX_ALIASES, 'paths')
      .prefault([])
      .describe('More paths of the same source.'),
    secrets: listField(secretField, MAX_SECRETS, 'secrets')
      .min(1, 'must name one secret at least')
      .describe(
        'The secrets that prove the sender, by reference; any of them is accepted. Two while one is being rotated.',
      ),
    verifyTokens: listField(secretField, MAX_SECRETS, 'secrets')
      .prefault([])
      .describe(
        'The texts that were entered as verify token at a provider which first calls the path by GET, by reference. Only of ' +
          'such a provider: meta. Without one its subscription is refused; events are proven by secrets alone.',
      ),
    publicUrl: publicUrlField.optional().describe('Overrides the publicUrl of the whole file.'),
    maxBody: sizeField('1KiB', '25MiB')
      .optional()
      .describe(`A larger body is answered 413. Default: 1MiB; ${maxBodyText()}.`),
    tolerance: durationField('1s', '1h')
      .optional()
      .describe(
        'How far the time that a request signs may be from now, before and after. Only of a provider that signs one. ' +
          `Default: that of the provider, 5 minutes; ${toleranceText()}.`,
      ),
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
    keepRejected: choiceField('facts', 'body')
      .prefault('facts')
      .describe(
        'What is kept of a request that was refused after it had been read (`ackline rejected`), of the first ones of a minute, for 7 days at ' +
          'most. facts: its URL without the query, names of headers, length and hash of the body, and why. body: its body too, up to 128 KiB.',
      ),
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
