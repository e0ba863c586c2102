import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { describe, it } from 'node:test';

import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods';

import type { Provider } from '../../src/provider.ts';
import { providerOf } from '../../src/providers/registry.ts';
import { testEveryProvider } from './support/every-provider.ts';
import {
  fixture,
  identityOf,
  NOW,
  post,
  refusal,
  signedSample,
  URL_CALLED,
  withBody,
  withHeader,
} from './support/requests.ts';
import {
  createStandardSdk,
  OTHER_SECRET,
  SECRET as STANDARD_SECRET,
  standardTable,
} from './standard/table.ts';
import { headerOf, type SignedProvider } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';
import { OTHER_SPELLINGS, URL_WITH_ALL } from './support/url-spellings.ts';

const SECRET = 'a-secret_of-32-characters-012345';
const OTHER = 'another-secret_of-38-characters-012345';
const ORDER = fixture('generic/order-paid.json');
const JSON_TYPE = ['Content-Type', 'application/json'] as const;

function generic(options: Record<string, unknown>): Provider {
  const provider = providerOf({ provider: 'generic', options });
  assert.ok(provider !== undefined, JSON.stringify(options));
  return provider;
}

interface Told {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly proofHeaders: SignedProvider['proofHeaders'];
  /** As the sender does it, told without the options. */
  readonly headers: (body: Uint8Array, secret: string, at: number) => (readonly [string, string])[];
  readonly url?: string;
  readonly secrets?: readonly [own: string, other: string];
}

function testTold({ name, options, proofHeaders, headers, ...others }: Told): void {
  const { url = URL_CALLED, secrets: [secret, otherSecret] = [SECRET, OTHER] } = others;
  testSignedProvider({
    name: `generic, ${name}`,
    provider: generic(options),
    secret,
    otherSecret,
    proofHeaders,
    bodies: new Map([['order', ORDER.toString()]]),
    takesLists: true,
    sign: (body, options) => post([JSON_TYPE, ...headers(body, options.secret, options.at)], body, url),
    sdk: null,
  });
}

testTold({
  name: 'hexadecimal HMAC of the body',
  options: {},
  proofHeaders: ['x-webhook-signature'],
  headers: (body, secret) => [
    ['X-Webhook-Signature', createHmac('sha256', secret).update(body).digest('hex')],
  ],
});

testTold({
  name: 'SHA-1 with a prefix',
  options: { header: 'X-Signature', algorithm: 'sha1', prefix: 'sha1=' },
  proofHeaders: ['x-signature'],
  headers: (body, secret) => [
    ['X-Signature', `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`],
  ],
});

testTold({
  name: 'SHA-512 in base64 of time and body',
  options: {
    header: 'X-Signature',
    algorithm: 'sha512',
    encoding: 'base64',
    timestampHeader: 'X-Sent-At',
    timestampUnit: 'ms',
    signed: '{timestamp}{body}',
  },
  proofHeaders: ['x-signature', 'x-sent-at'],
  headers(body, secret, at) {
    const signature = createHmac('sha512', secret).update(String(at)).update(body).digest('base64');
    return [
      ['X-Signature', signature],
      ['X-Sent-At', String(at)],
    ];
  },
});

testTold({
  name: 'ISO time, method, URL and body on lines',
  options: {
    header: 'X-Signature',
    timestampHeader: 'X-Date',
    timestampUnit: 'iso',
    signed: 'POST\n{url}\n{timestamp}\n{body}',
    key: 'hex',
  },
  proofHeaders: ['x-signature', 'x-date'],
  url: URL_WITH_ALL,
  secrets: ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(3)],
  headers(body, secret, at) {
    const date = new Date(at).toISOString();
    const hmac = createHmac('sha256', Buffer.from(secret, 'hex'));
    hmac.update(`POST\n${URL_WITH_ALL}\n${date}\n`).update(body);
    return [
      ['X-Signature', hmac.digest('hex')],
      ['X-Date', date],
    ];
  },
});

testTold({
  name: 'as Slack signs',
  options: {
    header: 'X-Slack-Signature',
    prefix: 'v0=',
    timestampHeader: 'X-Slack-Request-Timestamp',
    signed: 'v0:{timestamp}:{body}',
  },
  proofHeaders: ['x-slack-signature', 'x-slack-request-timestamp'],
  headers(body, secret, at) {
    const seconds = String(Math.floor(at / 1_000));
    const signature = createHmac('sha256', secret).update(`v0:${seconds}:`).update(body).digest('hex');
    return [
      ['X-Slack-Signature', `v0=${signature}`],
      ['X-Slack-Request-Timestamp', seconds],
    ];
  },
});

const GITHUB = {
  header: 'X-Hub-Signature-256',
  prefix: 'sha256=',
  id: 'X-GitHub-Delivery',
  type: 'X-GitHub-Event',
  orderingKey: '/repository/id',
};
const githubHeaders = (signature: string) =>
  [
    JSON_TYPE,
    ['X-GitHub-Event', 'issues'],
    ['X-GitHub-Delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
    ['X-Hub-Signature-256', signature],
  ] as const;

testSignedProvider({
  name: 'generic, as GitHub signs',
  provider: generic(GITHUB),
  secret: "It's a Secret to Everybody",
  otherSecret: OTHER,
  proofHeaders: ['x-hub-signature-256'],
  bodies: new Map(
    ['push', 'issues-opened', 'ping', 'team-edited'].map(name => [
      name,
      fixture(`github/${name}.json`).toString(),
    ]),
  ),
  takesLists: true,
  sign: (body, { secret }) =>
    post(githubHeaders(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`), body),
  sdk: {
    name: '@octokit/webhooks-methods',
    sign: async (body, { secret }) => post(githubHeaders(await octokitSign(secret, body)), body),
    verifies: (request, secret) =>
      octokitVerify(secret, Buffer.from(request.body).toString(), headerOf(request, 'x-hub-signature-256')),
  },
});

const STANDARD = {
  header: 'webhook-signature',
  prefix: 'v1,',
  encoding: 'base64',
  key: 'base64',
  timestampHeader: 'webhook-timestamp',
  id: 'webhook-id',
  signed: '{id}.{timestamp}.{body}',
};
const bare = (secret: string) => secret.replace(/^whsec_/, '');

testSignedProvider({
  ...standardTable(generic(STANDARD), 'webhook', { name: 'standardwebhooks', create: createStandardSdk }),
  name: 'generic, as Standard Webhooks',
  secret: bare(STANDARD_SECRET),
  otherSecret: bare(OTHER_SECRET),
  takesLists: true,
});

const BEARER = {
  scheme: 'token',
  header: 'Authorization',
  prefix: 'Bearer ',
  id: '/id',
  orderingKey: '/customer',
};

testSignedProvider({
  name: 'generic, a bearer token',
  provider: generic(BEARER),
  secret: SECRET,
  otherSecret: OTHER,
  proofHeaders: ['authorization'],
  bodies: new Map([['order', ORDER.toString()]]),
  // The token proves the sender, and nothing is signed.
  altered: 'verified',
  takesLists: true,
  sign: (body, { secret }) => post([JSON_TYPE, ['Authorization', `Bearer ${secret}`]], body),
  sdk: null,
});

testEveryProvider(generic({ scheme: 'token', header: 'X-Api-Key', id: 'X-Event-Id' }), 'generic, a token');
testEveryProvider(generic(BEARER), 'generic, a bearer token');
testEveryProvider(generic(GITHUB), 'generic, as GitHub signs');
testEveryProvider(
  generic({ ...STANDARD, key: 'text', signed: '{url}|{id}|{timestamp}|{body}' }),
  'generic, all that can be signed',
);

describe('generic, a token', () => {
  const provider = generic(BEARER);
  const send = (value: string, body = '{"id":5,"customer":"ada"}') =>
    post([JSON_TYPE, ['authorization', value]], body);

  it('is the whole of the header behind the prefix', () => {
    assert.equal(refusal(provider, send(`Bearer ${SECRET}`), [SECRET]), 'verified');
    for (const value of [
      '',
      'Bearer ',
      SECRET,
      `bearer ${SECRET}`,
      `Bearer  ${SECRET}`,
      `Bearer ${SECRET} x`,
    ])
      assert.equal(refusal(provider, send(value), [SECRET]), 'malformed_signature', value);
  });

  it('proves nothing of the body, so that an id makes a repeat only of the same body', () => {
    const key = (body: string) => identityOf(provider, send('', body)).dedupKey;
    const body = '{"id":5}';
    assert.equal(key(body), `5|${hash('sha256', body, 'hex').slice(0, 32)}`);
    assert.equal(key(body), key(body));
    assert.notEqual(key(body), key('{"id":5,"paid":true}'));
  });

  it('is never one that a header can not hold as it is', () => {
    assert.equal(provider.checkSecret(SECRET), true);
    for (const bad of ['', 'a b', 'ü', 'a\n', 'x'.repeat(4_097)])
      assert.equal(typeof provider.checkSecret(bad), 'string', bad);
  });

  it('is a header to be redacted, and a signature none', () => {
    assert.deepEqual([provider.bearerHeaders, provider.bearerPrefix], [['authorization'], 'Bearer ']);
    assert.deepEqual(generic(GITHUB).bearerHeaders, []);
  });
});

describe('generic verify', () => {
  it("accepts the vector of a sender's documentation", () => {
    // developer.zendesk.com, "Verifying webhooks", of the time when the body was signed first.
    const provider = generic({
      header: 'X-Zendesk-Webhook-Signature',
      encoding: 'base64',
      timestampHeader: 'X-Zendesk-Webhook-Signature-Timestamp',
      timestampUnit: 'iso',
      signed: '{body}{timestamp}',
    });
    const request = post(
      [
        JSON_TYPE,
        ['x-zendesk-webhook-signature', 'tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw='],
        ['x-zendesk-webhook-signature-timestamp', '2021-07-25T10:00:00Z'],
      ],
      '{"say": "hello"}',
    );
    const secret = 'HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=';
    assert.ok(provider.verify(request, [secret], Date.UTC(2021, 6, 25, 10, 4)).verified);
    assert.equal(refusal(provider, request, [secret]), 'timestamp_out_of_tolerance');
  });

  it('lets nothing move between the id and what is signed beside it', () => {
    const provider = generic({ ...STANDARD, key: 'text', timestampHeader: undefined, signed: '{id}.{body}' });
    const sent = post(
      [
        JSON_TYPE,
        ['webhook-id', '1'],
        ['webhook-signature', `v1,${createHmac('sha256', SECRET).update('1.2.{}').digest('base64')}`],
      ],
      '2.{}',
    );
    assert.equal(refusal(provider, sent, [SECRET]), 'verified');
    const moved = withHeader(withBody(sent, Buffer.from('{}')), 'webhook-id', '1.2');
    assert.equal(refusal(provider, moved, [SECRET]), 'malformed_signature');
  });

  it('never decodes a secret of another form to some key', () => {
    for (const key of ['hex', 'base64'] as const) {
      const provider = generic({ key });
      for (const secret of ['', '!', 'zz', 'a'.repeat(31), `${'0'.repeat(32)} `, 'ü'.repeat(32)]) {
        assert.equal(typeof provider.checkSecret(secret), 'string', secret);
        const decoded = createHmac('sha256', Buffer.from(secret, key)).update(ORDER).digest('hex');
        const request = post([JSON_TYPE, ['X-Webhook-Signature', decoded]], ORDER);
        assert.notEqual(refusal(provider, request, [secret]), 'verified', secret);
      }
    }
  });

  it('takes the URL with a port, a query and escapes as it is, and refuses it written another way', () => {
    const provider = generic({ signed: '{body}{url}' });
    assert.ok(provider.signsUrl);
    const signature = createHmac('sha256', SECRET).update(ORDER).update(URL_WITH_ALL).digest('hex');
    const called = (url: string) => post([JSON_TYPE, ['X-Webhook-Signature', signature]], ORDER, url);
    assert.equal(refusal(provider, called(URL_WITH_ALL), [SECRET]), 'verified');
    for (const other of OTHER_SPELLINGS)
      assert.equal(refusal(provider, called(other), [SECRET]), 'wrong_signature', other);
  });

  it('refuses a time that is none, though it is signed', () => {
    const options = { timestampHeader: 'X-Date', timestampUnit: 'iso', signed: '{timestamp}.{body}' };
    for (const date of ['2026-11-22T12:00:00', '2026-99-99T12:00:00Z', '----------------------']) {
      const signature = createHmac('sha256', SECRET).update(`${date}.`).update(ORDER).digest('hex');
      const request = post([JSON_TYPE, ['X-Webhook-Signature', signature], ['X-Date', date]], ORDER);
      assert.notEqual(refusal(generic(options), request, [SECRET]), 'verified', date);
    }
    assert.equal(
      refusal(generic(options), signedSample(generic(options), SECRET, 0, NOW), [SECRET]),
      'verified',
    );
  });
});
