import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { providers } from '@ackline/shared/providers/registry';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { Webhook } from 'standardwebhooks';
import twilio from 'twilio';
import { type RawAnswer, type RawRequest, sendRaw } from './raw-request.ts';
import {
  createSystem,
  PUBLIC_URL,
  RESPONDIO_KEY,
  SIGNING_SECRET,
  TOKEN,
  TWILIO_AUTH_TOKEN,
} from './system.ts';

type Headers = readonly (readonly [name: string, value: string])[];

export interface Sample {
  readonly name: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The header that proves the sender. */
  readonly proof: string;
}

/** Around the provider's own headers: odd case, duplicates, an empty value, latin1, a name that Ackline uses too. */
const AROUND: Headers = [
  ['X-odd-CASE', 'Kept as it is'],
  ['X-Twice', 'first'],
  ['Accept', '*/*'],
  ['X-Twice', 'second'],
  ['X-Empty', ''],
  ['Webhook-Id', 'theirs'],
];
const MISSING = 'missing';

/**
 * Sends webhooks of three providers through the whole of Ackline and compares what reaches the receiver, byte by byte.
 * Throws where anything differs; returns what was compared.
 */
export async function bytesTravel(options: {
  databaseUrl: string;
  brokers: string | null;
}): Promise<{ webhooks: number; refused: number }> {
  await using receiver = await startFakeReceiver();
  await using system = await createSystem({ ...options, receiverUrl: `${receiver.url}/in` });
  await system.startIngress();
  await system.startProcessor();
  const send = (sample: Sample, change: Partial<Sample> = {}): Promise<RawAnswer> =>
    sendRaw(toRequest(system.baseUrl, { ...sample, ...change }));
  let refused = 0;
  for (const sample of samples()) {
    const answer = await send(sample);
    assert.equal(answer.status, 200, `${sample.name}: ${answer.body}`);
    for (const forged of forgeries(sample)) {
      assert.equal((await send(sample, forged)).status, 401, `${sample.name}, forged`);
      refused += 1;
    }
    const got = await waitFor(() => receiver.requests.find(request => request.body.equals(sample.body)), {
      timeoutMs: 30_000,
      what: `the delivery of ${sample.name}`,
    });
    compareHeaders(sample, got.rawHeaders);
  }
  assert.equal(receiver.requests.length, samples().length, 'each once, and no forged one');
  return { webhooks: samples().length, refused };
}

/** Everything that was sent, in order, with the bearer secret replaced; then Ackline's own, under names of its own. */
function compareHeaders(sample: Sample, received: Headers): void {
  const expected = sentHeaders(sample).filter(([name]) => name !== 'Host');
  const wanted = expected.map(([name, value]) => [name, value === TOKEN ? 'secret:0' : value]);
  const first = received.findIndex(([name]) => name === wanted[0]?.[0]);
  assert.deepEqual(received.slice(first, first + wanted.length), wanted, sample.name);
  const own = new Map(received.map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(own.get('ackline-url'), `${PUBLIC_URL}${sample.path}`);
  new Webhook(SIGNING_SECRET).verify(
    sample.body,
    {
      'webhook-id': own.get('ackline-webhook-id') ?? MISSING,
      'webhook-timestamp': own.get('ackline-webhook-timestamp') ?? MISSING,
      'webhook-signature': own.get('ackline-webhook-signature') ?? MISSING,
    },
    { jsonParse: false },
  );
}

function* forgeries(sample: Sample): Generator<Partial<Sample>> {
  const without = sample.headers.filter(([name]) => name !== sample.proof);
  yield { headers: without };
  yield { headers: [...without, [sample.proof, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=']] };
  if (sample.name === 'telegram') return; // its token covers no body
  const altered = Buffer.from(sample.body);
  altered[altered.length - 2] = (altered.at(-2) ?? 0) ^ 1;
  yield { body: altered };
}

function samples(): readonly Sample[] {
  return [telegramSample(), twilioSample(), respondioSample(), ...ownSamples()];
}

/** As Telegram writes it: a newline inside, an id beyond 2^53, an emoji. */
function telegramSample(): Sample {
  const body =
    '{"update_id":900000001,\n"message":{"message_id":7,"chat":{"id":-9007199254740995,"type":"group"},"text":"héllo 👋"}}';
  return {
    name: 'telegram',
    path: '/webhook/telegram',
    proof: 'X-Telegram-Bot-Api-Secret-Token',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Telegram-Bot-Api-Secret-Token', TOKEN],
    ],
    body: Buffer.from(body),
  };
}

/** Signed by Twilio's own package, over the public URL. */
function twilioSample(): Sample {
  const path = '/webhook/whatsapp?tag=a%20b';
  const form = {
    MessageSid: `SM${'a1'.repeat(16)}`,
    From: 'whatsapp:+15551230000',
    To: 'whatsapp:+15559870000',
    Body: 'Grüße + 100% & mehr = 👋',
    NumMedia: '0',
  };
  const signature = twilio.getExpectedTwilioSignature(TWILIO_AUTH_TOKEN, `${PUBLIC_URL}${path}`, form);
  return {
    name: 'twilio',
    path,
    proof: 'X-Twilio-Signature',
    headers: [
      ['Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8'],
      ['X-Twilio-Signature', signature],
    ],
    body: Buffer.from(new URLSearchParams(form).toString()),
  };
}

function respondioSample(): Sample {
  const body = Buffer.from(
    '{ "contact": {"id": 123, "phone": "+1234567890"}, "message": {"messageId": 12345678901234567890, "timestamp": 1790000000000}, "channel": {"id": 5} }\r\n',
  );
  return {
    name: 'respondio',
    path: '/webhook/faster/incoming',
    proof: 'X-Webhook-Signature',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Webhook-Signature', createHmac('sha256', RESPONDIO_KEY).update(body).digest('base64')],
    ],
    body,
  };
}

/** What `ackline send` sends. */
export function ownSamples(): readonly Sample[] {
  const kinds = [
    { name: 'telegram', path: '/webhook/telegram', secret: TOKEN, proof: 'x-telegram-bot-api-secret-token' },
    { name: 'twilio', path: '/webhook/whatsapp', secret: TWILIO_AUTH_TOKEN, proof: 'x-twilio-signature' },
    {
      name: 'respondio',
      path: '/webhook/faster/incoming',
      secret: RESPONDIO_KEY,
      proof: 'x-webhook-signature',
    },
  ];
  return kinds.map(({ name, path, secret, proof }) => {
    const provider = providers.get(name);
    assert.ok(provider !== undefined);
    const sample = provider.sample({
      url: `${PUBLIC_URL}${path}`,
      secret,
      sequence: 1,
      now: 1_790_000_000_000,
    });
    const proofName = sample.headers.find(([header]) => header.toLowerCase() === proof)?.[0] ?? proof;
    return { name, path, proof: proofName, headers: sample.headers, body: Buffer.from(sample.body) };
  });
}

function sentHeaders(sample: Sample): Headers {
  return [['Host', 'hooks.example.com'], ...AROUND.slice(0, 3), ...sample.headers, ...AROUND.slice(3)];
}

function toRequest(baseUrl: string, sample: Sample): RawRequest {
  return { url: `${baseUrl}${sample.path}`, headers: sentHeaders(sample), body: sample.body };
}
