import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { keyOfAll } from '../../src/providers/event/identity-keys.ts';
import { meta } from '../../src/providers/meta.ts';
import { BATCH, HEADER, names, partsOf, TEXT, WABA, webhook, wholeOf } from './meta/bodies.ts';
import { fixture, identityOf, refusal, signedSample, withHeader } from './support/requests.ts';
import { headerOf } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = '614fc2afde15eee07a26b2fe3eaee9b9';

/** Of Meta's own SDK, which does not export it. */
const require = createRequire(import.meta.url);
const { generateXHub256Sig } = require(join(dirname(require.resolve('whatsapp')), 'utils.js')) as {
  generateXHub256Sig: (body: string, appSecret: string) => string;
};

const hexOf = (body: string | Uint8Array, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('hex');

testSignedProvider({
  provider: meta,
  secret: SECRET,
  otherSecret: '00000000000000000000000000000000',
  proofHeaders: ['x-hub-signature-256'],
  bodies: new Map(names.map(name => [name, fixture(`meta/${name}.json`).toString()])),
  sign: (body, { secret }) => webhook(body, `sha256=${hexOf(body, secret)}`),
  sdk: {
    name: 'whatsapp',
    sign: (body, { secret }) => webhook(body, `sha256=${generateXHub256Sig(body, secret)}`),
    verifies: (request, secret) =>
      headerOf(request, 'x-hub-signature-256') ===
      `sha256=${generateXHub256Sig(Buffer.from(request.body).toString(), secret)}`,
  },
});

describe('meta verify', () => {
  it('never takes another algorithm or form, nor the SHA-1 that is sent beside it', () => {
    const hex = hexOf(TEXT);
    const sha1 = createHmac('sha1', SECRET).update(TEXT).digest('hex');
    for (const text of [
      hex,
      `sha1=${sha1}`,
      `sha256=${sha1}`,
      `SHA256=${hex}`,
      `sha256=${hex},sha256=${hex}`,
    ])
      assert.equal(refusal(meta, webhook(TEXT, text), [SECRET]), 'malformed_signature', text);
    const without = withHeader(webhook(TEXT, ''), HEADER, null);
    assert.equal(
      refusal(meta, withHeader(without, 'X-Hub-Signature', `sha1=${sha1}`), [SECRET]),
      'missing_signature',
    );
  });
});

describe('meta identify', () => {
  it('names a body with one event by that event, and its order by the account', () => {
    assert.deepEqual(identityOf(meta, webhook(TEXT, '')), {
      type: 'whatsapp.message',
      dedupKey: 'message|wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=',
      orderingKey: WABA,
      occurredAt: 1_749_416_383_000,
      priority: 'normal',
    });
    const status = identityOf(meta, webhook(fixture('meta/whatsapp-status.json'), ''));
    assert.deepEqual(
      [status.type, status.dedupKey],
      [
        'whatsapp.status',
        'status|wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI3MTE5MjY0MkQzREY3MDU3ODAA|delivered|1750263773|16505551234',
      ],
    );
    const comment = identityOf(meta, webhook(fixture('meta/instagram.json'), ''));
    assert.deepEqual([comment.type, comment.dedupKey], ['instagram.comments', null]);
  });

  it('names a body with several by all of them if each has an id, and promises no order over several accounts', () => {
    const batch = identityOf(meta, webhook(BATCH, ''));
    assert.deepEqual([batch.type, batch.dedupKey, batch.orderingKey], ['whatsapp.batch', null, WABA]);
    const messages = (...ids: string[]) =>
      wholeOf({
        object: 'whatsapp_business_account',
        entry: [{ id: WABA, changes: [{ field: 'messages', value: { messages: ids.map(id => ({ id })) } }] }],
      }).dedupKey;
    assert.equal(messages('wamid.A', 'wamid.B'), keyOfAll(['message|wamid.A', 'message|wamid.B']));
    assert.equal(messages('wamid.A', ''), null);
    const two = {
      object: 'page',
      entry: [
        { id: 'P1', messaging: [{}] },
        { id: 'P2', messaging: [{}] },
      ],
    };
    assert.equal(wholeOf(two).orderingKey, null);
    assert.deepEqual([wholeOf({}).type, wholeOf({ object: 'page', entry: [] }).type], ['unknown', 'page']);
  });
});

describe('meta handshake', () => {
  const answerTo = (query: string, tokens = ['', 'old', 'vibecoding']) =>
    meta.handshake?.(new URLSearchParams(query), tokens) ?? null;
  const good = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=vibecoding';

  it('gives the challenge back to whoever shows one of the tokens', () => {
    const answer = { status: 200, contentType: 'text/plain', body: '1158201444' };
    assert.deepEqual(answerTo(good), answer);
    assert.deepEqual(answerTo(good.replace('vibecoding', 'old')), answer);
  });

  it('gives nothing for another token, an empty one, none, two, or another mode', () => {
    for (const query of [
      good.replace('vibecoding', 'vibecodinG'),
      good.replace('vibecoding', ''),
      good.replace('&hub.verify_token=vibecoding', ''),
      `${good}&hub.verify_token=vibecoding`,
      `${good}&hub.challenge=2`,
      good.replace('subscribe', 'unsubscribe'),
      good.replace('hub.mode=subscribe&', ''),
      '',
    ])
      assert.equal(answerTo(query), null, query);
    assert.equal(answerTo(good, []), null);
    assert.equal(answerTo(good, ['']), null);
  });

  it('gives nothing back that a browser might take for more than a word', () => {
    for (const challenge of ['<script>', 'a b', '', 'x'.repeat(257), 'é', 'a%0d%0ab', '%00'])
      assert.equal(answerTo(good.replace('1158201444', challenge)), null, challenge);
  });
});

describe('meta secrets and samples', () => {
  it('are the app’s secret, and no token of it', () => {
    for (const secret of [SECRET, 'x']) assert.equal(meta.checkSecret(secret), true);
    for (const bad of ['', ' x', 'EAAGm0PX4ZCpsBA', '123456|abcdef'])
      assert.equal(typeof meta.checkSecret(bad), 'string', bad);
  });

  it('are one message each, of several chats', () => {
    const keys = Array.from({ length: 5 }, (_, sequence) =>
      partsOf(signedSample(meta, SECRET, sequence).body).map(({ identity }) => identity.orderingKey),
    ).flat();
    assert.equal(new Set(keys).size, 5);
  });
});
