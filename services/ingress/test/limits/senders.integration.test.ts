import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LimitConfig } from '@ackline/shared/config/types';
import { newKeysOf } from '@ackline/shared/new-keys';
import type { Provider } from '@ackline/shared/provider';
import { line } from '@ackline/shared/providers/line';
import { meta } from '@ackline/shared/providers/meta';
import { sendgrid } from '@ackline/shared/providers/sendgrid';
import { createRateLimits } from '../../src/limits/rate-limits.ts';
import { sourceConfig } from '../support/endpoint.ts';
import { startFront } from '../support/front.ts';

const MAX = 2;
/** So many chats (of SendGrid: messages) the samples have in turn, all of one account. */
const CHATS = 5;

/** A source of the provider, under the limit that WEBHOOK_MAX_REQUESTS_PER_MINUTE gives it, or one with changes. */
async function openSource(provider: Provider, changes: Partial<LimitConfig> = {}) {
  const { secret, signingKey } = newKeysOf(provider);
  const path = `/webhook/${provider.name}`;
  const limit: LimitConfig = {
    max: MAX,
    perMs: 60_000,
    by: 'sender',
    over: provider.overLimit,
    ...changes,
  };
  const front = await startFront({
    sources: [
      sourceConfig({ name: provider.name, provider: provider.name, path, limit, maxBodyBytes: 1_048_576 }),
    ],
    secrets: [secret],
    limits: createRateLimits({ redis: null, now: Date.now }),
  });
  let sent = 0;
  return {
    /** Whether it was within the limit, refused, or deferred. `chat`: of the sample. */
    async send({ chat = 0, body }: { readonly chat?: number; readonly body?: string }): Promise<string> {
      sent += 1;
      const own = body === undefined ? {} : { body: Buffer.from(body) };
      const url = `http://127.0.0.1:${front.port}${path}`;
      const sequence = sent * CHATS + chat;
      const sample = provider.sample({ url, secret: signingKey, sequence, now: Date.now(), ...own });
      const { status } = await fetch(url, {
        method: 'POST',
        headers: sample.headers,
        body: Buffer.from(sample.body),
      });
      if (status !== 200) return String(status);
      return front.events.at(-1)?.notBefore === null ? 'within' : 'deferred';
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}

const chats = Array.from({ length: CHATS }, (_, chat) => chat);

for (const [provider, over] of [
  [line, 'deferred'],
  [meta, 'deferred'],
  [sendgrid, '429'],
] as const) {
  describe(`a limit by sender of ${provider.name}, whose bodies are of an account`, () => {
    it('counts each chat alone, and not the account that all of them are of', async () => {
      await using source = await openSource(provider);
      for (const chat of chats) assert.equal(await source.send({ chat }), 'within', `chat ${chat}`);
      assert.equal(await source.send({ chat: 0 }), 'within');
      assert.equal(await source.send({ chat: 0 }), over);
      assert.equal(await source.send({ chat: 1 }), 'within');
    });

    it('counts the account with all others where it is by source', async () => {
      await using source = await openSource(provider, { by: 'source' });
      const verdicts: string[] = [];
      for (const chat of chats) verdicts.push(await source.send({ chat }));
      assert.deepEqual(verdicts, ['within', 'within', over, over, over]);
    });
  });
}

describe('a limit by sender of bodies with several events', () => {
  const event = (userId: string) => ({ type: 'message', source: { type: 'user', userId } });
  const bodyOf = (...users: string[]) => JSON.stringify({ destination: 'U1', events: users.map(event) });

  it('counts one of a single chat once, and one of several not at all', async () => {
    await using source = await openSource(line, { over: 'reject' });
    const [ofAda, ofBoth] = [bodyOf('ada', 'ada', 'ada'), bodyOf('ada', 'bob')];
    for (let count = 0; count < MAX; count += 1)
      assert.equal(await source.send({ body: ofAda }), 'within', String(count));
    assert.equal(await source.send({ body: ofAda }), '429');
    for (let count = 0; count <= MAX; count += 1)
      assert.equal(await source.send({ body: ofBoth }), 'within', 'no chat is refused for another');
    assert.equal(await source.send({ body: bodyOf('bob') }), 'within');
  });

  it('counts one of several as any other where it is by source', async () => {
    await using source = await openSource(line, { by: 'source', over: 'reject' });
    const verdicts: string[] = [];
    for (let count = 0; count <= MAX; count += 1)
      verdicts.push(await source.send({ body: bodyOf(`ada-${count}`, `bob-${count}`) }));
    assert.deepEqual(verdicts, ['within', 'within', '429']);
  });

  it('looks through no more than 2000 for it, and counts one of more for nobody', async () => {
    const messaging = (count: number) => Array.from({ length: count }, () => ({ sender: { id: 'ada' } }));
    const bodies: readonly (readonly [Provider, (count: number) => unknown])[] = [
      [line, count => ({ destination: 'U1', events: Array.from({ length: count }, () => event('ada')) })],
      [meta, count => ({ object: 'page', entry: [{ id: '1', messaging: messaging(count) }] })],
      [sendgrid, count => Array.from({ length: count }, () => ({ sg_message_id: 'ada.1' }))],
    ];
    for (const [provider, body] of bodies) {
      await using source = await openSource(provider, { over: 'reject' });
      const send = (count: number) => source.send({ body: JSON.stringify(body(count)) });
      const verdicts = [await send(2_000), await send(2_000), await send(2_000), await send(2_001)];
      assert.deepEqual(verdicts, ['within', 'within', '429', 'within'], provider.name);
    }
  });
});
