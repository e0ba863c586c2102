import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Check, HandledMessage } from '../src/bots/bot-scenario.ts';
import {
  type CacheUse,
  judgeCache,
  judgeHandling,
  judgeRefusals,
  judgeReplies,
  type LimitedCall,
  type Reply,
} from '../src/bots/judge-bots.ts';

const message = (key: string, index: number, overrides: Partial<HandledMessage> = {}): HandledMessage => ({
  key,
  index,
  stored: 1,
  state: 'delivered',
  uncertain: 0,
  ...overrides,
});
const MESSAGES = [message('a', 0), message('a', 1), message('b', 0)];
const reply = (key: string, index: number | null): Reply => ({ key, index });
const REPLIES = [reply('a', 0), reply('b', 0), reply('a', 1)];
const ONE_KILL = { kills: 1, concurrency: 2 };
const broken = (checks: readonly Check[]) => checks.filter(({ holds }) => !holds).map(({ name }) => name);

describe('the judge of bots', () => {
  it('finds nothing wrong in a run that is right', () => {
    assert.deepEqual(
      broken([...judgeHandling(MESSAGES, 3), ...judgeReplies(MESSAGES, REPLIES, ONE_KILL)]),
      [],
    );
  });

  for (const [what, messages, sent, expected] of [
    ['a message that was not accepted', MESSAGES, 4, 'every message is accepted'],
    ['a run without messages', [], 0, 'every message is accepted'],
    ['a lost message', [message('a', 0, { stored: 0 })], 1, 'every accepted message is stored once'],
    [
      'one that is stored twice',
      [message('a', 0, { stored: 2 })],
      1,
      'every accepted message is stored once',
    ],
    ['a parked delivery', [message('a', 0, { state: 'parked' })], 1, 'every accepted message is handled'],
    ['one without a delivery', [message('a', 0, { state: null })], 1, 'every accepted message is handled'],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.deepEqual(broken(judgeHandling(messages, sent)), [expected]);
    });
  }

  for (const [what, replies, expected] of [
    ['a second reply', [...REPLIES, reply('b', 0)], 'no message is replied to twice'],
    [
      'a reply before the one of an earlier message',
      [reply('a', 1), reply('a', 0), reply('b', 0)],
      'replies of a chat come in the order of its messages',
    ],
    ['a reply to nothing', [...REPLIES, reply('b', null)], 'a reply answers a message'],
    ['a reply that is missing', REPLIES.slice(1), 'a reply that is missing is one that may have been sent'],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.deepEqual(broken(judgeReplies(MESSAGES, replies, ONE_KILL)), [expected]);
    });
  }

  it('takes a missing reply for explained where its event was uncertain, and no other one', () => {
    const explained = [message('a', 0, { uncertain: 1 }), ...MESSAGES.slice(1)];
    assert.deepEqual(broken(judgeReplies(explained, REPLIES.slice(1), ONE_KILL)), []);
    assert.equal(broken(judgeReplies(explained, REPLIES.slice(2), ONE_KILL)).length, 1);
  });

  it('finds more uncertain messages than were being handled when a processor was killed', () => {
    const uncertain = MESSAGES.map(each => ({ ...each, uncertain: 1 }));
    const expected = 'no more messages are uncertain than were being handled at the kills';
    assert.deepEqual(broken(judgeReplies(uncertain, REPLIES, ONE_KILL)), [expected]);
    assert.deepEqual(broken(judgeReplies(uncertain, REPLIES, { kills: 2, concurrency: 2 })), []);
  });

  it('finds a call of the same chat before its wait is over, and a run in which none was refused', () => {
    const call = (key: string, at: number, retryAfterMs: number | null = null): LimitedCall => ({
      key,
      at,
      retryAfterMs,
    });
    const refused = [call('a', 100, 2_000), call('b', 200), call('a', 2_100)];
    assert.ok(judgeRefusals(refused).holds);
    assert.equal(judgeRefusals(refused).figure, '3 calls, refused for 2 s: 1; 0 came again too early');
    assert.ok(!judgeRefusals([...refused.slice(0, 2), call('a', 2_000)]).holds);
    assert.ok(!judgeRefusals([call('a', 100)]).holds);
  });

  it('allows one load of a value for each processor, and fewer than uses', () => {
    const use: CacheUse = { hits: 90, misses: 8, keys: 4, loads: 8, uses: 100 };
    assert.ok(judgeCache(use, 1).holds);
    assert.match(judgeCache(use, 1).figure, /8 calls for 100 uses \(92\.0 % hits\)/);
    assert.ok(!judgeCache({ ...use, loads: 9 }, 1).holds);
    assert.ok(!judgeCache({ ...use, loads: 0 }, 1).holds);
    assert.ok(!judgeCache({ ...use, keys: 50, loads: 100 }, 1).holds);
  });
});
