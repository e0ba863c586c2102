import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { AwsLambdaReceiver } from '@zoom/rivet/meetings';

import type { ReceivedRequest } from '../../src/provider.ts';
import { zoom } from '../../src/providers/zoom.ts';
import { fixture, identityOf, NOW, post, refusal, withHeader } from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = 'Vn3yKZ8lQ5u_rW-2mTxb4Q';
const names = ['meeting-started', 'participant-joined', 'user-updated', 'url-validation'];
const secondsOf = (at: number) => String(Math.floor(at / 1000));

function webhook(body: string | Uint8Array, { secret, at }: SignOptions): ReceivedRequest {
  const seconds = secondsOf(at);
  const hex = createHmac('sha256', secret).update(`v0:${seconds}:`).update(body).digest('hex');
  return post(
    [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['x-zm-signature', `v0=${hex}`],
      ['x-zm-request-timestamp', seconds],
    ],
    body,
  );
}

const signed = (body: string | Uint8Array) => webhook(body, { secret: SECRET, at: NOW });
const of = (payload: unknown) => identityOf(zoom, signed(JSON.stringify(payload)));

/** What the SDK answers. It writes each request to the console. */
async function sdkAnswer(request: ReceivedRequest, secret: string) {
  const receiver = new AwsLambdaReceiver({ webhooksSecretToken: secret });
  receiver.init({ eventEmitter: { emit: () => Promise.resolve() } as never, interactiveAuth: {} as never });
  const { debug } = console;
  console.debug = () => undefined;
  try {
    const event = {
      headers: Object.fromEntries(request.headers),
      body: Buffer.from(request.body).toString(),
      isBase64Encoded: false,
    };
    return await receiver.start()(event as never, {});
  } finally {
    console.debug = debug;
  }
}

testSignedProvider({
  provider: zoom,
  secret: SECRET,
  otherSecret: 'Vn3yKZ8lQ5u_rW-2mTxb4R',
  proofHeaders: ['x-zm-signature', 'x-zm-request-timestamp'],
  bodies: new Map(names.map(name => [name, fixture(`zoom/${name}.json`).toString()])),
  sign: webhook,
  sdk: {
    name: '@zoom/rivet',
    sign: null,
    // It signs the JSON that it writes itself, and takes nothing without an event.
    bodyOf: text => JSON.stringify({ event: 'meeting.started', payload: { object: { topic: text } } }),
    verifies: async (request, secret) => (await sdkAnswer(request, secret)).statusCode === 200,
  },
});

describe('zoom verify', () => {
  it('takes the raw bytes, however they are written, which the SDK does not', async () => {
    for (const body of [
      '{ "event": "meeting.started", "event_ts": 1 }',
      '{"event":"\\u0061"}',
      '{"event":"a","a":1.0}',
    ]) {
      assert.ok(zoom.verify(signed(body), [SECRET], NOW).verified, body);
      assert.equal((await sdkAnswer(signed(body), SECRET)).statusCode, 400, body);
    }
  });

  it('never takes another version, a time that is no whole second, or another separator', () => {
    const request = signed('{}');
    const hex = headerOf(request, 'x-zm-signature').slice('v0='.length);
    for (const value of [hex, `v1=${hex}`, `V0=${hex}`, `v0:${hex}`, `v0=${hex},v0=${hex}`])
      assert.equal(
        refusal(zoom, withHeader(request, 'x-zm-signature', value), [SECRET]),
        'malformed_signature',
      );
    for (const time of ['now', '1e9', `${secondsOf(NOW)}000`, `0${secondsOf(NOW)}`, `-${secondsOf(NOW)}`])
      assert.equal(
        refusal(zoom, withHeader(request, 'x-zm-request-timestamp', time), [SECRET]),
        'malformed_signature',
        time,
      );
    const other = createHmac('sha256', SECRET)
      .update(`v0.${secondsOf(NOW)}.{}`)
      .digest('hex');
    assert.equal(
      refusal(zoom, withHeader(request, 'x-zm-signature', `v0=${other}`), [SECRET]),
      'wrong_signature',
    );
  });
});

describe('zoom identify', () => {
  it('names an event by its type, orders it by its meeting, and knows a repeat by all of its body', () => {
    const { dedupKey, ...identity } = identityOf(zoom, signed(fixture('zoom/meeting-started.json')));
    assert.match(dedupKey ?? '', /^1626230691572\|[0-9a-f]{32}$/);
    assert.deepEqual(identity, {
      type: 'meeting.started',
      orderingKey: '1234567890',
      occurredAt: 1_626_230_691_572,
      priority: 'normal',
    });
    assert.equal(identityOf(zoom, signed(fixture('zoom/user-updated.json'))).orderingKey, 'ABCDE12345');
  });

  it('gives the same key to each try, and another one to whatever is not the same to the byte', () => {
    const body = fixture('zoom/participant-joined.json').toString();
    const keyOf = (text: string) => identityOf(zoom, signed(text)).dedupKey;
    const retried = withHeader(signed(body), 'x-zm-trackingid', 'v=2.0;clid=aw1;rid=WEB_2');
    assert.equal(identityOf(zoom, retried).dedupKey, keyOf(body));
    assert.notEqual(keyOf(body.replace('Jill', 'Jack')), keyOf(body));
  });

  it('keeps a meeting number over 2^53 exact, and drops nothing that has no time', () => {
    const meeting = '{"event":"meeting.ended","event_ts":1,"payload":{"object":{"id":9007199254740993}}}';
    assert.equal(identityOf(zoom, signed(meeting)).orderingKey, '9007199254740993');
    assert.deepEqual([of({}).type, of({}).dedupKey, of({}).orderingKey], ['unknown', null, null]);
    for (const time of [null, 'now', -1, 1e300, {}]) assert.equal(of({ event_ts: time }).dedupKey, null);
  });
});

describe('zoom challenge', () => {
  const answerTo = (request: ReceivedRequest) => zoom.challenge?.(request, SECRET) ?? null;
  const question = (plainToken: unknown) =>
    signed(
      JSON.stringify({
        payload: { plainToken },
        event_ts: 1_654_503_849_680,
        event: 'endpoint.url_validation',
      }),
    );

  it('answers endpoint.url_validation as @zoom/rivet does', async () => {
    const request = signed(fixture('zoom/url-validation.json'));
    const answer = answerTo(request);
    const { statusCode, headers, body } = await sdkAnswer(request, SECRET);
    assert.deepEqual([answer?.status, { 'Content-Type': answer?.contentType }], [statusCode, headers]);
    assert.deepEqual(JSON.parse(answer?.body ?? ''), JSON.parse(body));
  });

  it('never signs a text that could be what a request is signed by', () => {
    for (const text of [
      `v0:${secondsOf(NOW)}:{}`,
      'v0:',
      ':',
      '',
      'a b',
      '{}',
      'é',
      'a\n',
      'x'.repeat(129),
      1,
      null,
      ['qgg8vlvZRS6UYooatFL8Aw'],
    ])
      assert.equal(answerTo(question(text)), null, JSON.stringify(text));
    for (const text of ['qgg8vlvZRS6UYooatFL8Aw', 'a+/=', 'a-_', 'x'.repeat(128)])
      assert.notEqual(answerTo(question(text)), null, text);
  });

  it('takes an event for what it is, also where it quotes a question', () => {
    for (const name of names.slice(0, -1))
      assert.equal(answerTo(signed(fixture(`zoom/${name}.json`))), null, name);
    for (const body of [
      '{"event":"chat_message.sent","payload":{"plainToken":"a","object":{"message":"endpoint.url_validation"}}}',
      '{"event":"endpoint.url_validation"}',
      '["endpoint.url_validation"]',
      'endpoint.url_validation',
    ])
      assert.equal(answerTo(signed(body)), null, body);
  });
});
