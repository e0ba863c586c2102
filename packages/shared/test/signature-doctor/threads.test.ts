import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '../../src/envelope.ts';
import type { Provider, ReceivedRequest } from '../../src/provider.ts';
import { github } from '../../src/providers/github.ts';
import { stripe } from '../../src/providers/stripe.ts';
import { twilio } from '../../src/providers/twilio.ts';
import { DIAGNOSIS_CODES, type DiagnosisCode } from '../../src/signature-doctor/diagnosis.ts';
import { NOW } from '../providers/support/requests.ts';
import { examined, githubSigned, suspect } from './suspects.ts';

const page = readFileSync(new URL('../../../../docs/signature-doctor.md', import.meta.url), 'utf8');

const SECRET = 'a-secret_of-32-characters-012345';
const PATH = '/webhook/orders';

interface Thread {
  /** On GitHub. */
  readonly thread: string;
  readonly provider: Provider;
  readonly request: ReceivedRequest;
  readonly more?: Parameters<typeof suspect>[2];
  /** `taken`: nothing is to be diagnosed. */
  readonly says: DiagnosisCode | 'taken';
}

function twilioSigned(signed: string, called: string, headers: HeaderPairs = []): ReceivedRequest {
  const sample = twilio.sample({ url: signed, secret: SECRET, sequence: 0, now: NOW });
  return { method: 'POST', url: called, headers: [...sample.headers, ...headers], body: sample.body };
}

function stripeSigned(
  signed: string,
  { came = signed, at = NOW }: { came?: string; at?: number } = {},
): ReceivedRequest {
  const seconds = Math.floor(at / 1_000);
  const v1 = createHmac('sha256', SECRET).update(`${seconds}.${signed}`).digest('hex');
  const headers: HeaderPairs = [
    ['Content-Type', 'application/json'],
    ['Stripe-Signature', `t=${seconds},v1=${v1}`],
  ];
  return { method: 'POST', url: PATH, headers, body: Buffer.from(came) };
}

function githubRequest(
  signed: string | Uint8Array,
  came: string | Uint8Array = signed,
  secret = SECRET,
): ReceivedRequest {
  const headers: HeaderPairs = [
    ['Content-Type', 'application/json'],
    ['X-Hub-Signature-256', githubSigned(signed, secret)],
  ];
  return { method: 'POST', url: PATH, headers, body: Buffer.from(came as string) };
}

/** As Stripe writes it. */
const EVENT = JSON.stringify({ id: 'evt_1', object: 'event', data: { object: { id: 'pi_1' } } }, null, 2);
const PUSH = '{"ref":"refs/heads/main","text":"Plaça 👋"}';

/** What people report of signatures that are wrong, each as it came about there. */
const THREADS: readonly Thread[] = [
  {
    thread: 'twilio/twilio-node/issues/321',
    provider: twilio,
    request: twilioSigned(`https://x.ngrok.io${PATH}`, `http://127.0.0.1:3000${PATH}`, [
      ['Host', 'x.ngrok.io'],
    ]),
    says: 'url-differs',
  },
  {
    thread: 'bminer/node-twilio-api/issues/13',
    provider: twilio,
    request: twilioSigned(`https://app.example.com${PATH}`, `http://app.example.com${PATH}`, [
      ['X-Forwarded-Proto', 'https'],
    ]),
    says: 'url-differs',
  },
  {
    thread: 'twilio/twilio-python/issues/751',
    provider: twilio,
    request: twilioSigned(`https://app.example.com${PATH}`, `http://10.0.0.7:5000${PATH}`, [
      ['X-Forwarded-Host', 'app.example.com'],
    ]),
    says: 'url-differs',
  },
  {
    thread: 'Letterbook/Letterbook/issues/216',
    provider: twilio,
    request: twilioSigned(`https://app.example.com/hooks${PATH}`, `https://app.example.com${PATH}`, [
      ['X-Forwarded-Prefix', '/hooks'],
    ]),
    says: 'url-differs',
  },
  {
    thread: 'twilio/twilio-csharp/issues/44',
    provider: twilio,
    request: twilioSigned(`https://app.example.com${PATH}`, `https://app.example.com:8443${PATH}`),
    says: 'taken',
  },
  {
    thread: 'twilio/twilio-node/pull/1061',
    provider: twilio,
    request: twilioSigned(
      `https://app.example.com${PATH}?name=O'Hara`,
      `https://app.example.com${PATH}?name=O'Hara`,
    ),
    says: 'taken',
  },
  {
    thread: 'twilio/twilio-php/issues/436',
    provider: twilio,
    request: twilioSigned(`https://app.example.com${PATH}`, `https://app.example.com${PATH}`),
    more: { secrets: ['token of the main account'], others: [{ source: 'subaccount', secrets: [SECRET] }] },
    says: 'secret-of-other-source',
  },
  {
    thread: 'stripe/stripe-node/issues/1254',
    provider: stripe,
    request: stripeSigned(EVENT, { came: JSON.stringify(JSON.parse(EVENT)) }),
    says: 'body-rewritten',
  },
  {
    thread: 'stripe/stripe-node/issues/356',
    provider: stripe,
    request: stripeSigned(EVENT),
    more: { secrets: ['sk_test_0123456789'] },
    says: 'unexplained',
  },
  {
    thread: 'stripe/stripe-node/issues/407',
    provider: stripe,
    request: stripeSigned(EVENT, { at: NOW - 6 * 60_000 }),
    says: 'time-out-of-tolerance',
  },
  {
    thread: 'stripe/stripe-dotnet/issues/1183',
    provider: stripe,
    request: stripeSigned(EVENT, { at: NOW + 6 * 60_000 }),
    says: 'time-out-of-tolerance',
  },
  {
    thread: 'octokit/webhooks.js/issues/71',
    provider: github,
    request: githubRequest(PUSH, PUSH.replace('ç', String.raw`\u00e7`)),
    says: 'body-rewritten',
  },
  { thread: 'github/docs/issues/3567', provider: github, request: githubRequest(PUSH), says: 'taken' },
  {
    thread: 'gitevents/core/issues/173',
    provider: github,
    request: githubRequest('{"text":"Plaça"}', Buffer.from('{"text":"Plaça"}').toString('latin1')),
    says: 'body-rewritten',
  },
  {
    thread: 'kimdre/doco-cd/issues/545',
    provider: github,
    request: githubRequest(PUSH, PUSH, `${SECRET}\n`),
    says: 'secret-differs',
  },
  {
    thread: 'tektoncd/pipelines-as-code/issues/658',
    provider: github,
    request: githubRequest(PUSH, PUSH, Buffer.from(SECRET).toString('base64')),
    says: 'secret-differs',
  },
  {
    thread: 'rwlove/home-ops/pull/11103',
    provider: github,
    request: githubRequest(PUSH, PUSH, 'BuyM='),
    more: { secrets: [String.raw`BuyM\u003D`] },
    says: 'secret-differs',
  },
];

describe('what people report of wrong signatures', () => {
  for (const { thread, provider, request, more, says } of THREADS)
    it(`is ${says}: ${thread}`, () => {
      const of = suspect(provider, request, { secrets: [SECRET], ...more });
      const found = of.reason === 'verified' ? 'taken' : examined(of).diagnosis.code;
      assert.equal(found, says);
      const row = page.split('\n').find(line => line.includes(`https://github.com/${thread})`));
      assert.ok(row?.includes(`\`${says}\``), 'docs/signature-doctor.md has another row, or none');
    });
});

describe('docs/signature-doctor.md', () => {
  it('has a row for each code', () => {
    for (const code of DIAGNOSIS_CODES) assert.equal(page.split(`\n| \`${code}\` |`).length, 2, code);
  });
});
