import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { outboundHeaders, type OutboundWebhook } from '@ackline/shared/outbound-headers';

const KEY = Buffer.from('a signing key of thirty-two bytes');
const SECRET = `whsec_${KEY.toString('base64')}`;

function send(overrides: Partial<OutboundWebhook> = {}): [name: string, value: string][] {
  const flat = outboundHeaders({
    deliveryId: '019ab2c4-7d10-7000-8000-000000000000',
    url: 'https://hooks.example.com/webhook/telegram?a=1',
    headers: [],
    body: Buffer.from('{"update_id":1}'),
    isTransformed: false,
    replay: false,
    signingSecret: SECRET,
    now: new Date(),
    ...overrides,
  });
  assert.equal(flat.length % 2, 0);
  return Array.from({ length: flat.length / 2 }, (_, n) => [flat[n * 2]!, flat[n * 2 + 1]!]);
}
const names = (pairs: readonly (readonly string[])[]) => pairs.map(([name]) => name);
const own = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'ackline-url'];

describe('headers of a delivery', () => {
  it('are the original ones as they came, in order, duplicates kept, and then Ackline’s', () => {
    const headers: HeaderPairs = [
      ['Content-Type', 'application/json'],
      ['X-Twice', 'one'],
      ['X-Between', ''],
      ['x-twice', 'caf\u00e9'],
      ['X-Twice', 'one'],
      ['User-Agent', 'TelegramBot'],
    ];
    const sent = send({ headers });
    assert.deepEqual(sent.slice(0, headers.length), headers);
    assert.deepEqual(names(sent.slice(headers.length)), own);
    assert.equal(Object.fromEntries(sent)['ackline-url'], 'https://hooks.example.com/webhook/telegram?a=1');
  });

  it('have those of the destination behind them, in the place of all of the same name, in any case', () => {
    const headers: HeaderPairs = [
      ['Authorization', 'Bearer of the provider'],
      ['X-Stays', '1'],
      ['authorization', 'twice'],
      ['Webhook-Token', 'theirs'],
    ];
    const destinationHeaders: HeaderPairs = [
      ['authorization', 'Bearer of the gateway'],
      ['X-Api-Key', 'key'],
      ['webhook-token', 'ours'],
    ];
    const sent = send({ headers, destinationHeaders });
    assert.deepEqual(sent.slice(0, 4), [['X-Stays', '1'], ...destinationHeaders]);
    assert.deepEqual(names(sent.slice(4)), own, 'a replaced name is nobody’s reason to rename ours');
    const listed = send({ headers: [['Connection', 'x-api-key']], destinationHeaders });
    assert.deepEqual(listed.slice(0, 3), destinationHeaders);
  });

  it('leave out what belonged to the first connection, in any case', () => {
    const sent = send({
      headers: [
        ['Host', 'hooks.example.com'],
        ['CONTENT-LENGTH', '15'],
        ['Transfer-Encoding', 'chunked'],
        ['Connection', 'keep-alive'],
        ['Keep-Alive', 'timeout=5'],
        ['TE', 'trailers'],
        ['Trailer', 'X-Checksum'],
        ['Upgrade', 'h2c'],
        ['Expect', '100-continue'],
        ['Proxy-Authorization', 'Basic eDp5'],
        ['Proxy-Connection', 'keep-alive'],
        ['Authorization', 'Bearer of the provider'],
      ],
    });
    assert.deepEqual(names(sent), ['Authorization', ...own]);
  });

  it('leave out what the original’s Connection header names', () => {
    const sent = send({
      headers: [
        ['X-Hop', '1'],
        ['Connection', 'close, x-hop'],
        ['connection', ' X-Other ,, '],
        ['x-other', '2'],
        ['X-Stays', '3'],
      ],
    });
    assert.deepEqual(names(sent), ['X-Stays', ...own]);
  });

  it('keep an original’s webhook headers, and name Ackline’s all by one other prefix', () => {
    const sent = send({ headers: [['Webhook-Id', 'theirs']], replay: true });
    assert.deepEqual(names(sent), [
      'Webhook-Id',
      'ackline-webhook-id',
      'ackline-webhook-timestamp',
      'ackline-webhook-signature',
      'ackline-url',
      'ackline-webhook-replay',
    ]);
    assert.equal(sent[0]![1], 'theirs');
  });

  it('never carry anybody else’s ackline names: a receiver may believe them', () => {
    const headers: HeaderPairs = [
      ['Ackline-Url', 'https://elsewhere.example/'],
      ['ackline-webhook-id', 'forged'],
      ['X-Kept', 'yes'],
    ];
    assert.deepEqual(names(send({ headers })), ['X-Kept', ...own]);
  });

  it('mark a replay, and only that', () => {
    assert.deepEqual(send({ replay: true }).at(-1), ['webhook-replay', 'true']);
    assert.ok(!names(send()).includes('webhook-replay'));
  });

  it('have no signature where the destination has no secret', () => {
    assert.deepEqual(names(send({ signingSecret: null })), [
      'webhook-id',
      'webhook-timestamp',
      'ackline-url',
    ]);
  });
});

describe('the signature of a delivery', () => {
  const verify = (pairs: readonly (readonly [string, string])[], body: string) =>
    new Webhook(SECRET).verify(body, Object.fromEntries(pairs));

  it('is accepted by the Standard Webhooks reference library', () => {
    const body = '{"text":"h\u00e9llo \u{1f600}"}';
    assert.deepEqual(verify(send({ body: Buffer.from(body) }), body), JSON.parse(body));
    assert.throws(() => verify(send({ body: Buffer.from(body) }), `${body} `), WebhookVerificationError);
  });

  it('speaks for the time of sending: an old one is refused', () => {
    const sent = send({ now: new Date(Date.now() - 10 * 60_000) });
    assert.throws(() => verify(sent, '{"update_id":1}'), WebhookVerificationError);
  });

  it('is over the exact bytes, also where they are no UTF-8', () => {
    const body = Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0xc3]);
    const {
      'webhook-id': id,
      'webhook-timestamp': at,
      'webhook-signature': signature,
    } = Object.fromEntries(send({ body }));
    const expected = createHmac('sha256', KEY)
      .update(Buffer.concat([Buffer.from(`${id}.${at}.`), body]))
      .digest('base64');
    assert.equal(signature, `v1,${expected}`);
    assert.match(at!, /^\d{10}$/);
  });

  it('say which edit of the body it is, and that nobody else has said so', () => {
    const headers: HeaderPairs = [['Ackline-Edited', '9']];
    assert.deepEqual(names(send({ headers })), own);
    const edited = send({ headers, replay: true, edit: 2 });
    assert.deepEqual(edited.slice(-2), [
      ['webhook-replay', 'true'],
      ['ackline-edited', '2'],
    ]);
  });

  it('say of an edited body that a route has transformed both', () => {
    assert.deepEqual(send({ edit: 1, isTransformed: true }).slice(-3), [
      ['ackline-edited', '1'],
      ['content-type', 'application/json'],
      ['ackline-transformed', 'true'],
    ]);
  });
});
