import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';

import { gitlab } from '../../src/providers/gitlab.ts';
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
import {
  createStandardSdk,
  ID,
  OTHER_SECRET,
  SECRET as SIGNING,
  secondsOf,
  signatureOf,
  standardPost,
  standardTable,
} from './standard/table.ts';
import { testSignedProvider } from './support/suite.ts';

const TOKEN = 'a secret token; of the project';
const HEADER = 'X-Gitlab-Token';
const KEY = '7d1c2f0a-9f4e-4b7e-8a55-0c1d2e3f4a5b';
const names = ['merge-request-open', 'push', 'user-add-to-group'];
const MERGE_REQUEST = fixture('gitlab/merge-request-open.json');

const webhook = (body: string | Uint8Array, token: string) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, token],
      ['Idempotency-Key', KEY],
      ['X-Gitlab-Event', 'Merge Request Hook'],
      ['X-Gitlab-Event-UUID', '13792a34-cac6-4fda-95a8-c58e00a3954e'],
    ],
    body,
  );
/** By the signing token, and with this secret token beside it. */
function both(token: string, secret = SIGNING, at = NOW) {
  const signature = signatureOf(MERGE_REQUEST, { secret, at });
  return withHeader(
    standardPost('webhook', { id: ID, seconds: secondsOf(at), signature }, MERGE_REQUEST),
    HEADER,
    token,
  );
}
const of = (payload: unknown) => identityOf(gitlab, webhook(JSON.stringify(payload), ''));
const named = (name: string) => identityOf(gitlab, webhook(fixture(`gitlab/${name}.json`), ''));

const bodies = new Map(names.map(name => [name, fixture(`gitlab/${name}.json`).toString()]));

testSignedProvider({
  ...standardTable(gitlab, 'webhook', { name: 'standardwebhooks', create: createStandardSdk }),
  bodies,
});

testSignedProvider({
  name: 'gitlab, by a secret token',
  provider: gitlab,
  secret: TOKEN,
  otherSecret: 'another token',
  proofHeaders: ['x-gitlab-token'],
  bodies,
  // The token proves the sender, and nothing is signed.
  altered: 'verified',
  signsNoTime: true,
  sign: (body, { secret }) => webhook(body, secret),
  sdk: null,
});

describe('gitlab verify, by a secret token', () => {
  it('never takes for a token what a header does not carry as it is, though the source has the same for a secret', () => {
    const request = webhook(MERGE_REQUEST, TOKEN);
    for (const text of ['', ` ${TOKEN}`, `${TOKEN} `, `${TOKEN}\u0000`, 'x'.repeat(513), 'ü'])
      assert.equal(
        refusal(gitlab, withHeader(request, HEADER, text), [TOKEN, text]),
        'malformed_signature',
        text,
      );
  });
});

describe('gitlab verify, by the kind of a secret', () => {
  it('never takes a signing token as the value of the header', () => {
    const shown = webhook(MERGE_REQUEST, SIGNING);
    assert.equal(refusal(gitlab, shown, [SIGNING]), 'missing_signature');
    assert.equal(refusal(gitlab, shown, [SIGNING, TOKEN]), 'wrong_signature');
    assert.equal(refusal(gitlab, both(SIGNING, OTHER_SECRET), [SIGNING]), 'wrong_signature');
  });

  it('never takes a signature by a secret token, also of one that is base64', () => {
    const base64 = SIGNING.slice('whsec_'.length);
    const signed = withHeader(both('', base64), HEADER, null);
    assert.equal(refusal(gitlab, signed, [base64]), 'missing_signature');
    assert.equal(refusal(gitlab, signed, [SIGNING]), 'verified');
  });

  it('takes either while a team moves from one to the other, and the signature first', () => {
    const verdict = (request: ReturnType<typeof both>, secrets: string[]) =>
      gitlab.verify(request, secrets, NOW);
    const live = [TOKEN, SIGNING];
    assert.deepEqual(verdict(both(TOKEN), live), { verified: true, secretIndex: 1 });
    assert.deepEqual(verdict(webhook(MERGE_REQUEST, TOKEN), live), { verified: true, secretIndex: 0 });
    assert.deepEqual(verdict(withHeader(both(''), HEADER, null), live), { verified: true, secretIndex: 1 });
    assert.deepEqual(verdict(both(TOKEN), [TOKEN]), { verified: true, secretIndex: 0 });
    assert.deepEqual(verdict(both('a token that is out'), [SIGNING]), { verified: true, secretIndex: 0 });
    assert.deepEqual(verdict(both(TOKEN, OTHER_SECRET), live), { verified: true, secretIndex: 0 });
  });

  it('says of a request that neither proves what is wrong with what it shows', () => {
    const live = [TOKEN, SIGNING];
    const bare = withHeader(webhook(MERGE_REQUEST, ''), HEADER, null);
    assert.equal(refusal(gitlab, bare, live), 'missing_signature');
    assert.equal(refusal(gitlab, webhook(MERGE_REQUEST, 'wrong'), live), 'wrong_signature');
    assert.equal(refusal(gitlab, webhook(MERGE_REQUEST, ''), live), 'malformed_signature');
    const late = withHeader(both('', SIGNING, NOW - 3_600_000), HEADER, null);
    assert.equal(refusal(gitlab, late, live), 'timestamp_out_of_tolerance');
    assert.equal(refusal(gitlab, withHeader(late, HEADER, 'wrong'), live), 'timestamp_out_of_tolerance');
    assert.equal(refusal(gitlab, both('wrong'), [TOKEN]), 'wrong_signature');
  });
});

describe('gitlab identify', () => {
  const bodyHash = (body: Uint8Array) => hash('sha256', body, 'hex').slice(0, 32);

  it('names an event by its id and body, its type by kind and action, its order by the project', () => {
    assert.deepEqual(named('merge-request-open'), {
      type: 'merge_request.open',
      dedupKey: `${KEY}|${bodyHash(MERGE_REQUEST)}`,
      orderingKey: '15',
      occurredAt: Date.UTC(2026, 10, 22, 11, 59, 58),
      priority: 'normal',
    });
  });

  it('takes the signed id before the one that is not, and neither alone', () => {
    const signed = withHeader(both(TOKEN), 'Idempotency-Key', 'forged');
    assert.equal(identityOf(gitlab, signed).dedupKey, `${ID}|${bodyHash(MERGE_REQUEST)}`);
    const other = withBody(webhook('', TOKEN), Buffer.from('{"object_kind":"push"}'));
    assert.notEqual(identityOf(gitlab, other).dedupKey, named('merge-request-open').dedupKey);
    for (const value of [null, '', 'a b', 'x'.repeat(257)])
      assert.equal(
        identityOf(gitlab, withHeader(other, 'Idempotency-Key', value)).dedupKey,
        null,
        String(value),
      );
  });

  it('names a push, which has no time, and what belongs to a group', () => {
    const push = named('push');
    assert.deepEqual([push.type, push.orderingKey, push.occurredAt], ['push', '15', null]);
    const member = named('user-add-to-group');
    assert.deepEqual(
      [member.type, member.orderingKey, member.occurredAt],
      ['user_add_to_group', 'group|78', Date.UTC(2026, 10, 22, 11, 59, 58)],
    );
  });

  it('never mistakes a group or a user for a project, and keeps ids over 2^53 exact', () => {
    const orderOf = (payload: unknown) => of(payload).orderingKey;
    assert.equal(orderOf({ object_attributes: { project_id: 5 }, user_id: 1 }), '5');
    assert.equal(orderOf({ project_id: 5, group_id: 6 }), '5');
    assert.equal(orderOf({ group: { group_id: 5 } }), 'group|5');
    assert.equal(orderOf({ user_id: 5 }), 'user|5');
    assert.equal(
      identityOf(gitlab, webhook('{"project":{"id":9007199254740993}}', '')).orderingKey,
      '9007199254740993',
    );
  });

  it('never looks at the header with the event, which is not signed', () => {
    const request = withHeader(webhook(MERGE_REQUEST, ''), 'X-Gitlab-Event', 'Push Hook');
    assert.equal(identityOf(gitlab, request).type, 'merge_request.open');
  });

  it('gives null for ids and times that are none', () => {
    for (const payload of [
      {},
      { object_kind: '', event_name: 5, project_id: '', user_id: {}, created_at: '2026-11-22 11:59:58' },
      { object_kind: {}, object_attributes: [], project: 5, updated_at: 'soon' },
    ]) {
      const { type, orderingKey, occurredAt } = of(payload);
      assert.deepEqual([type, orderingKey, occurredAt], ['unknown', null, null]);
    }
    assert.equal(of({ object_kind: 'release', action: 'create' }).type, 'release.create');
  });
});

describe('gitlab samples', () => {
  it('are proven by the kind of their secret, each a new event', () => {
    for (const secret of [TOKEN, SIGNING]) {
      const requests = [0, 1, 2].map(sequence => signedSample(gitlab, secret, sequence));
      for (const request of requests) assert.equal(refusal(gitlab, request, [secret]), 'verified');
      assert.equal(new Set(requests.map(request => identityOf(gitlab, request).dedupKey)).size, 3);
    }
    assert.ok(!signedSample(gitlab, SIGNING).headers.some(([, value]) => value.includes(SIGNING)));
  });
});

describe('gitlab secrets', () => {
  it('are what a header carries, or a signing token that is whole', () => {
    for (const good of [TOKEN, 'x', 'x'.repeat(512), SIGNING, OTHER_SECRET])
      assert.equal(gitlab.checkSecret(good), true);
    for (const bad of ['', ' x', 'x\n', 'ü', 'x'.repeat(513), 'whsec_', 'whsec_short', `${SIGNING}\n`])
      assert.equal(typeof gitlab.checkSecret(bad), 'string', bad);
  });
});
