import assert from 'node:assert/strict';
import { createPrivateKey, sign as cryptoSign } from 'node:crypto';
import { describe, it } from 'node:test';

import { verifyKey } from 'discord-interactions';

import { discord } from '../../src/providers/discord.ts';
import {
  fixture,
  identityOf,
  NOW,
  post,
  refusal,
  signedSample,
  withBody,
  withHeader,
} from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

/** The first two keys of RFC 8032. */
const SECRET = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const SIGNING_KEY = 'seed_9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const OTHER_SECRET = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const OTHER_SIGNING_KEY = 'seed_4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const HEADER = 'X-Signature-Ed25519';
const TIME_HEADER = 'X-Signature-Timestamp';
const INTERACTIONS = ['application-command', 'message-component', 'autocomplete', 'modal-submit'];
const EVENTS = ['application-authorized', 'lobby-message-delete'];
const COMMAND = fixture('discord/application-command.json');

const webhook = (body: string | Uint8Array, signature: string, seconds: string) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, signature],
      [TIME_HEADER, seconds],
    ],
    body,
  );
function sign(body: Uint8Array, { secret, at }: SignOptions) {
  const seconds = String(Math.floor(at / 1_000));
  const der = `302e020100300506032b657004220420${secret.slice('seed_'.length)}`;
  const key = createPrivateKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'pkcs8' });
  const signature = cryptoSign(null, Buffer.concat([Buffer.from(seconds), body]), key);
  return webhook(body, signature.toString('hex'), seconds);
}
const signed = (body: string | Uint8Array) => sign(Buffer.from(body), { secret: SIGNING_KEY, at: NOW });
const ofFixture = (name: string) => identityOf(discord, signed(fixture(`discord/${name}.json`)));
const of = (payload: unknown) => identityOf(discord, signed(JSON.stringify(payload)));
const answerOf = (body: string | Uint8Array) => discord.answer(signed(body));

testSignedProvider({
  provider: discord,
  secret: SECRET,
  otherSecret: OTHER_SECRET,
  signingKeys: new Map([
    [SECRET, SIGNING_KEY],
    [OTHER_SECRET, OTHER_SIGNING_KEY],
  ]),
  proofHeaders: ['x-signature-ed25519', 'x-signature-timestamp'],
  bodies: new Map(
    [...INTERACTIONS, ...EVENTS].map(name => [name, fixture(`discord/${name}.json`).toString()]),
  ),
  sign,
  sdk: {
    name: 'discord-interactions',
    sign: null,
    verifies: (request, secret) =>
      verifyKey(
        Buffer.from(request.body),
        headerOf(request, 'x-signature-ed25519'),
        headerOf(request, 'x-signature-timestamp'),
        secret,
      ),
  },
});

describe('discord verify', () => {
  it('calls malformed what moves digits between the time and the body', () => {
    const request = signed(COMMAND);
    const seconds = headerOf(request, 'x-signature-timestamp');
    const moved = withBody(
      withHeader(request, TIME_HEADER, seconds.slice(0, -1)),
      Buffer.concat([Buffer.from(seconds.slice(-1)), COMMAND]),
    );
    assert.ok(discord.verify(moved, [SECRET], Number(seconds.slice(0, -1)) * 1_000).verified);
    assert.equal(discord.identify(moved).kind, 'malformed');
  });

  it('takes a public key in upper case, and no signature that is not lower hexadecimal', () => {
    const request = signed(COMMAND);
    assert.equal(refusal(discord, request, [SECRET.toUpperCase()]), 'verified');
    const hex = headerOf(request, 'x-signature-ed25519');
    for (const text of [hex.toUpperCase(), Buffer.from(hex, 'hex').toString('base64'), ` ${hex}`, `0x${hex}`])
      assert.equal(
        refusal(discord, withHeader(request, HEADER, text), [SECRET]),
        'malformed_signature',
        text,
      );
  });

  it('refuses a signature that another implementation would take for the same: S over the order', () => {
    const request = signed(COMMAND);
    const bytes = Buffer.from(headerOf(request, 'x-signature-ed25519'), 'hex');
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order;
    const other = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
    const text = Buffer.concat([bytes.subarray(0, 32), other]).toString('hex');
    assert.equal(refusal(discord, withHeader(request, HEADER, text), [SECRET]), 'wrong_signature');
  });
});

describe('discord identify', () => {
  it('names an interaction by its id, its kind and name, its channel, and the time that is in its id', () => {
    assert.deepEqual(ofFixture('application-command'), {
      type: 'application_command.cardsearch',
      dedupKey: '786008729715212338',
      orderingKey: '772908445358620702',
      occurredAt: Date.UTC(2020, 11, 8, 23, 18, 4, 500),
      priority: 'normal',
    });
    assert.deepEqual(
      INTERACTIONS.slice(1).map(name => ofFixture(name).type),
      ['message_component', 'application_command_autocomplete.cardsearch', 'modal_submit'],
    );
  });

  it('keeps ids apart that a double would make one, be they texts or numbers', () => {
    const ids = ['9007199254740992', '9007199254740993', '18446744073709551615'];
    for (const write of [(id: string) => `"${id}"`, (id: string) => id])
      assert.deepEqual(
        ids.map(
          id =>
            identityOf(discord, signed(`{"id":${write(id)},"type":2,"channel_id":${write(id)}}`)).dedupKey,
        ),
        ids,
      );
    assert.equal(of({ id: '175928847299117063' }).occurredAt, Date.UTC(2016, 3, 30, 11, 18, 25, 796));
    for (const id of ['', 'x', '-1', '0', '1'.repeat(21), {}, 1.5]) assert.equal(of({ id }).occurredAt, null);
  });

  it('orders an interaction without a channel by its user', () => {
    assert.equal(of({ id: '5', user: { id: '7' } }).orderingKey, '7');
    assert.equal(of({ id: '5', member: { user: { id: '8' } } }).orderingKey, '8');
    assert.equal(of({ id: '5' }).orderingKey, null);
  });

  it('names a webhook event by its type, its bytes and its own time', () => {
    const { dedupKey, ...identity } = ofFixture('application-authorized');
    assert.deepEqual(identity, {
      type: 'APPLICATION_AUTHORIZED',
      orderingKey: '82198898841029460',
      occurredAt: Date.UTC(2024, 9, 18, 14, 42, 53, 64),
      priority: 'normal',
    });
    assert.match(dedupKey ?? '', /^event\|[0-9a-f]{32}$/);
    assert.equal(ofFixture('application-authorized').dedupKey, dedupKey);
    assert.equal(ofFixture('lobby-message-delete').orderingKey, '1402399883394285659');
    assert.notEqual(ofFixture('lobby-message-delete').dedupKey, dedupKey);
  });

  it('makes no event a repeat by its bytes that does not say when it was', () => {
    for (const timestamp of [undefined, '', 'soon', 5, '2024-13-01T00:00:00'])
      assert.equal(of({ type: 1, event: { type: 'X', timestamp } }).dedupKey, null);
    assert.ok(of({ type: 1, event: { timestamp: '2024-10-18T14:42:53+00:00' } }).dedupKey);
  });

  it('calls what it does not know unknown', () => {
    for (const payload of [{}, { type: 6 }, { type: '2' }, { event: {} }, { event: { type: '' } }])
      assert.equal(of(payload).type, 'unknown', JSON.stringify(payload));
  });
});

describe('discord challenge', () => {
  const asked = (body: string | Uint8Array) => discord.challenge?.(signed(body), SECRET) ?? null;

  it('answers the ping of interactions, and says nothing to that of webhook events', () => {
    const pong = { status: 200, contentType: 'application/json', body: '{"type":1}' };
    assert.deepEqual(asked(fixture('discord/ping.json')), pong);
    const nothing = { status: 204, contentType: null, body: '' };
    assert.deepEqual(asked(fixture('discord/event-ping.json')), nothing);
  });

  it('takes no event for a ping, though the type of a webhook event is that of a ping', () => {
    for (const name of [...INTERACTIONS, ...EVENTS])
      assert.equal(asked(fixture(`discord/${name}.json`)), null);
    for (const type of ['1', '"1"', 'true', 'null', '[1]', '-0', '2', '[]', '{}']) {
      const body = `{"application_id":"5","type":${type},"event":{}}`;
      assert.equal(asked(body), null, body);
    }
    for (const type of ['"1"', '"0"', 'true', 'false', 'null', '[1]', '""', '1e999'])
      assert.equal(asked(`{"application_id":"5","type":${type}}`), null, type);
  });

  it('answers nothing that is no JSON object, or that is large', () => {
    for (const body of ['', '[]', '{"application_id"', '"application_id"', `{"type":1}`])
      assert.equal(asked(body), null, body);
    assert.equal(asked(`{"application_id":"5","type":1,"x":"${'x'.repeat(5_000)}"}`), null);
  });
});

describe('discord answer', () => {
  it('defers an interaction, has no suggestions, and says nothing to a webhook event', () => {
    const json = (body: string) => ({ status: 200, contentType: 'application/json', body });
    for (const name of ['application-command', 'message-component', 'modal-submit'])
      assert.deepEqual(answerOf(fixture(`discord/${name}.json`)), json('{"type":5}'), name);
    assert.deepEqual(
      answerOf(fixture('discord/autocomplete.json')),
      json('{"type":8,"data":{"choices":[]}}'),
    );
    for (const name of EVENTS)
      assert.deepEqual(answerOf(fixture(`discord/${name}.json`)), {
        status: 204,
        contentType: null,
        body: '',
      });
  });
});

describe('discord keys', () => {
  it('are public ones of an application', () => {
    for (const good of [SECRET, SECRET.toUpperCase()]) assert.equal(discord.checkSecret(good), true);
    for (const bad of ['', SECRET.slice(1), ` ${SECRET}`, SIGNING_KEY, 'z'.repeat(64)])
      assert.equal(typeof discord.checkSecret(bad), 'string', bad);
  });

  it('of a made pair sign samples, each an interaction of its own, and a public key signs none', () => {
    const keys = discord.makeKeys?.();
    assert.ok(keys);
    const sample = signedSample(discord, keys.signingKey);
    assert.equal(refusal(discord, sample, [keys.secret]), 'verified');
    assert.equal(identityOf(discord, sample).occurredAt, NOW);
    assert.equal(headerOf(signedSample(discord, keys.secret), 'x-signature-ed25519'), '');
    assert.notEqual(discord.makeKeys?.().secret, keys.secret);
  });
});
