import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { describe, it } from 'node:test';

import { sign as sdkSign, verify as sdkVerify } from '@octokit/webhooks-methods';

import type { ReceivedRequest } from '../../src/provider.ts';
import { github } from '../../src/providers/github.ts';
import { oddForms } from './support/odd-bodies.ts';
import { fixture, identityOf, post, refusal, withHeader } from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = "It's a Secret to Everybody";
const HEADER = 'X-Hub-Signature-256';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const DELIVERY = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const names = ['push', 'issues-opened', 'ping', 'team-edited'];
const ISSUE = fixture('github/issues-opened.json');
const FORM = fixture('github/issues-opened.form');

function webhook(body: string | Uint8Array, signature: string, event = 'issues', type = 'application/json') {
  return post(
    [
      ['Content-Type', type],
      ['X-GitHub-Event', event],
      ['X-GitHub-Delivery', DELIVERY],
      ['X-Hub-Signature', 'sha1=0000000000000000000000000000000000000000'],
      [HEADER, signature],
    ],
    body,
  );
}
const signatureOf = (body: string | Uint8Array, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const form = (body: string | Uint8Array) => webhook(body, signatureOf(body), 'issues', FORM_TYPE);
const of = (payload: unknown, event = 'issues') =>
  identityOf(github, webhook(JSON.stringify(payload), '', event));

const typed = (type: string) => ({
  provider: github,
  secret: SECRET,
  otherSecret: 'another secret',
  proofHeaders: ['x-hub-signature-256'] as const,
  sign: (body: Uint8Array, { secret }: SignOptions) =>
    webhook(body, signatureOf(body, secret), 'issues', type),
  sdk: {
    name: '@octokit/webhooks-methods',
    sign: async (body: string, { secret }: SignOptions) =>
      webhook(body, await sdkSign(secret, body), 'issues', type),
    verifies: (request: ReceivedRequest, secret: string) =>
      sdkVerify(secret, Buffer.from(request.body).toString(), headerOf(request, 'x-hub-signature-256')),
  },
});

testSignedProvider({
  ...typed('application/json'),
  bodies: new Map(names.map(name => [name, fixture(`github/${name}.json`).toString()])),
});

testSignedProvider({
  ...typed(FORM_TYPE),
  name: 'github (form)',
  bodies: new Map([['issues-opened', FORM.toString()]]),
  oddBodies: oddForms('payload=%7B%7D'),
});

describe('github verify', () => {
  it('accepts the vector of the documentation', () => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    assert.equal(refusal(github, webhook('Hello, World!', signature), [SECRET]), 'verified');
  });

  it('signs a form as the bytes that it is, and not the JSON in it', () => {
    const signature = signatureOf(ISSUE);
    assert.equal(refusal(github, withHeader(form(FORM), HEADER, signature), [SECRET]), 'wrong_signature');
  });

  it('never looks at the SHA-1 signature', () => {
    const sha1 = createHmac('sha1', SECRET).update(ISSUE).digest('hex');
    const request = withHeader(webhook(ISSUE, ''), 'X-Hub-Signature', `sha1=${sha1}`);
    assert.equal(refusal(github, withHeader(request, HEADER, null), [SECRET]), 'missing_signature');
    for (const text of [
      `sha1=${sha1}`,
      sha1,
      signatureOf(ISSUE).slice('sha256='.length),
      `SHA256${signatureOf(ISSUE).slice(6)}`,
    ])
      assert.equal(refusal(github, withHeader(request, HEADER, text), [SECRET]), 'malformed_signature', text);
  });
});

describe('github identify', () => {
  const bodyHash = (body: Uint8Array) => hash('sha256', body, 'hex').slice(0, 32);

  it('names an event by delivery and body, its type by header and action, its order by the repository', () => {
    assert.deepEqual(identityOf(github, webhook(ISSUE, '')), {
      type: 'issues.opened',
      dedupKey: `${DELIVERY}|${bodyHash(ISSUE)}`,
      orderingKey: '186853002',
      occurredAt: Date.UTC(2019, 4, 15, 15, 20, 18),
      priority: 'normal',
    });
  });

  it('reads the same out of a form', () => {
    const { dedupKey, ...identity } = identityOf(github, form(FORM));
    const { dedupKey: ofJson, ...same } = identityOf(github, webhook(ISSUE, ''));
    assert.deepEqual(identity, same);
    assert.equal(dedupKey, `${DELIVERY}|${bodyHash(FORM)}`);
    assert.notEqual(dedupKey, ofJson);
  });

  it('takes the time of a push from its second, and names ping and events without a repository', () => {
    const push = identityOf(github, webhook(fixture('github/push.json'), '', 'push'));
    assert.equal(push.type, 'push');
    assert.equal(push.occurredAt, 1_557_933_657_000);
    assert.equal(identityOf(github, webhook(fixture('github/ping.json'), '', 'ping')).type, 'ping');
    const team = identityOf(github, webhook(fixture('github/team-edited.json'), '', 'team'));
    assert.deepEqual(
      [team.type, team.orderingKey, team.occurredAt],
      ['team.edited', 'organization|38302899', null],
    );
  });

  it('looks for the time where the subject has another name than the event', () => {
    const at = '2026-11-29T10:00:00Z';
    for (const [event, subject] of [
      ['issue_comment', 'comment'],
      ['pull_request_review', 'review'],
      ['release', 'release'],
    ] as const)
      assert.equal(of({ [subject]: { updated_at: at } }, event).occurredAt, Date.parse(at), event);
    assert.equal(
      of({ check_run: { updated_at: null, started_at: at } }, 'check_run').occurredAt,
      Date.parse(at),
    );
  });

  it('keeps ids over 2^53 exact, and never mistakes an organization for a repository', () => {
    assert.equal(
      identityOf(github, webhook('{"repository":{"id":9007199254740993}}', '')).orderingKey,
      '9007199254740993',
    );
    assert.equal(of({ organization: { id: 5 }, sender: { id: 1 } }).orderingKey, 'organization|5');
    assert.equal(of({ sender: { id: 1 } }).orderingKey, 'sender|1');
    assert.equal(of({}).orderingKey, null);
  });

  it('gives no dedup key and no type by headers that are not there once, or are none', () => {
    const good = webhook(ISSUE, '');
    for (const value of [null, '', 'a b', 'x'.repeat(101), '../..'])
      assert.equal(
        identityOf(github, withHeader(good, 'X-GitHub-Delivery', value)).dedupKey,
        null,
        String(value),
      );
    for (const value of [null, '', 'Issues', '1', 'a.b', 'x'.repeat(65)])
      assert.equal(
        identityOf(github, withHeader(good, 'X-GitHub-Event', value)).type,
        'unknown',
        String(value),
      );
    const twice = { ...good, headers: [...good.headers, ['x-github-delivery', DELIVERY] as const] };
    assert.equal(identityOf(github, twice).dedupKey, null);
    assert.equal(
      identityOf(github, withHeader(good, 'X-GitHub-Event', 'projects_v2_item')).type,
      'projects_v2_item.opened',
    );
  });

  it('calls a form malformed whose payload is missing, there twice, no JSON, or not to be decoded', () => {
    for (const body of [
      '',
      'a=b',
      'payload=',
      'payload={}&payload=[]',
      'payload=x',
      'payload=%ff',
      'payload=%7B',
      'payload=[]',
    ])
      assert.equal(github.identify(form(body)).kind, 'malformed', body);
    assert.equal(github.identify(form('payload=%7B%7D&other=1')).kind, 'event');
  });
});

describe('github secrets', () => {
  it('are any text but one that a copy left white space on', () => {
    for (const good of [SECRET, 'x', 'ü']) assert.equal(github.checkSecret(good), true);
    for (const bad of ['', ' x', 'x\n']) assert.equal(typeof github.checkSecret(bad), 'string');
  });
});
