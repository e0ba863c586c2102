import assert from 'node:assert/strict';
import { createPublicKey, hash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '../../src/envelope.ts';
import type { Provider, ReceivedRequest } from '../../src/provider.ts';
import { github } from '../../src/providers/github.ts';
import { linear } from '../../src/providers/linear.ts';
import { paypal } from '../../src/providers/paypal.ts';
import { shopify } from '../../src/providers/shopify.ts';
import { square } from '../../src/providers/square.ts';
import { standardWebhooks } from '../../src/providers/standard-webhooks.ts';
import { stripe } from '../../src/providers/stripe.ts';
import { telegram } from '../../src/providers/telegram.ts';
import { twilio } from '../../src/providers/twilio.ts';
import { signTwilio } from '../../src/providers/twilio/signature.ts';
import { MAX_REWRITTEN_BYTES } from '../../src/signature-doctor/body-variants.ts';
import { MAX_TRIED_BODY_BYTES } from '../../src/signature-doctor/diagnose.ts';
import type { Suspect } from '../../src/signature-doctor/diagnosis.ts';
import { NOW, withBody, withHeader } from '../providers/support/requests.ts';
import { examined, githubSigned, suspect } from './suspects.ts';

const SECRET = 'a-secret_of-32-characters-012345';
const CALLED = 'http://127.0.0.1:8080/webhook/orders';
const SIGNED = 'https://hooks.example.com/webhook/orders';

type More = Parameters<typeof suspect>[2];

/** A sample that was signed for one URL and came to another. */
function cameTo(
  provider: Provider,
  signed: string,
  called: string,
  headers: HeaderPairs = [],
): ReceivedRequest {
  const sample = provider.sample({ url: signed, secret: SECRET, sequence: 0, now: NOW });
  return { method: 'POST', url: called, headers: [...sample.headers, ...headers], body: sample.body };
}

function saysOf(of: Suspect): string {
  const { code, what, fix } = examined(of).diagnosis;
  return `${code} | ${what} | ${fix}`;
}

function says(provider: Provider, request: ReceivedRequest, more: More, pattern: RegExp): void {
  const of = suspect(provider, request, { secrets: [SECRET], ...more });
  assert.notEqual(of.reason, 'verified', 'it has to be one that is refused');
  assert.match(saysOf(of), pattern);
}

describe('a request that was signed for another URL', () => {
  for (const provider of [twilio, square]) {
    it(`of ${provider.name} names the publicUrl by the Host header`, () => {
      const request = cameTo(provider, SIGNED, CALLED, [['Host', 'hooks.example.com']]);
      says(
        provider,
        request,
        {},
        /^url-differs \| valid for https:\/\/hooks\.example\.com\/webhook\/orders: set publicUrl \| set publicUrl to https:\/\/hooks\.example\.com, at the top of ackline\.yaml or in source orders \(there is none\)\.$/,
      );
    });
  }

  it('is found by each header in which proxies tell the host, and by a port', () => {
    for (const [name, value] of [
      ['X-Forwarded-Host', 'hooks.example.com, inner.example.com'],
      ['Forwarded', 'for=192.0.2.1;host="hooks.example.com";proto=https'],
      ['X-Original-Host', 'hooks.example.com'],
    ] as const)
      says(
        square,
        cameTo(square, SIGNED, CALLED, [[name, value]]),
        {},
        /^url-differs \| valid for https:\/\/hooks\.example\.com\//,
      );
    const ported = cameTo(square, 'https://hooks.example.com:8443/webhook/orders', CALLED, [
      ['X-Forwarded-Host', 'hooks.example.com'],
      ['X-Forwarded-Port', '8443'],
    ]);
    says(square, ported, {}, /set publicUrl to https:\/\/hooks\.example\.com:8443,/);
  });

  it('names a declared publicUrl that has another scheme, a port or a path too much', () => {
    const declared = (publicUrl: string) => ({ source: { publicUrl } });
    // Twilio signs no port that its SDK does not take out again.
    const called = (publicUrl: string) => cameTo(square, SIGNED, `${publicUrl}/webhook/orders`);
    for (const wrong of [
      'http://hooks.example.com',
      'https://hooks.example.com:8443',
      'https://hooks.example.com/base',
    ])
      says(
        square,
        called(wrong),
        declared(wrong),
        new RegExp(`set publicUrl to https://hooks\\.example\\.com, .*it is ${wrong.replaceAll('.', '\\.')}`),
      );
  });

  it('names the prefix that a proxy took off the path', () => {
    const request = cameTo(twilio, 'https://hooks.example.com/api/webhook/orders', SIGNED, [
      ['X-Forwarded-Prefix', '/api/'],
    ]);
    says(
      twilio,
      request,
      { source: { publicUrl: 'https://hooks.example.com' } },
      /set publicUrl to https:\/\/hooks\.example\.com\/api,/,
    );
  });

  it('names the other path: a slash at the end, an alias, and what a proxy says that was called', () => {
    const source = { publicUrl: 'https://hooks.example.com', aliases: ['/webhook/old'] };
    says(
      twilio,
      cameTo(twilio, `${SIGNED}/`, SIGNED),
      { source },
      /^path-differs \| valid for https:\/\/hooks\.example\.com\/webhook\/orders\/:/,
    );
    says(
      twilio,
      cameTo(twilio, 'https://hooks.example.com/webhook/old', SIGNED),
      { source },
      /^path-differs .*\/webhook\/old:/,
    );
    const rewritten = cameTo(twilio, 'https://hooks.example.com/in?a=1', SIGNED, [
      ['X-Original-URL', '/in?a=1'],
    ]);
    says(twilio, rewritten, { source }, /^path-differs \| valid for https:\/\/hooks\.example\.com\/in\?…:/);
  });

  it('names the query: its order, its escapes, and that it was dropped with the hash of the body', () => {
    const source = { publicUrl: 'https://hooks.example.com' };
    for (const [signed, called] of [
      ['?a=1&b=2&c=3', '?c=3&a=1&b=2'],
      ['?b=1&a=2', '?a=2&b=1'],
      ['?a=x+y', '?a=x%20y'],
      ['', '?utm=1'],
    ])
      says(square, cameTo(square, SIGNED + signed, SIGNED + called), { source }, /^query-differs /);
    const body = Buffer.from('{"id":"e1"}');
    const url = `${SIGNED}?bodySHA256=${hash('sha256', body, 'hex')}`;
    const headers: HeaderPairs = [
      ['Content-Type', 'application/json'],
      ['X-Twilio-Signature', signTwilio(SECRET, url, '')],
    ];
    const request = { method: 'POST', url: SIGNED, headers, body };
    says(
      twilio,
      request,
      { source },
      /^query-differs \| valid for https:\/\/hooks\.example\.com\/webhook\/orders\?… /,
    );
  });
});

describe('a secret that differs', () => {
  const withSecret = (provider: Provider, secret: string) => {
    const { headers, body } = provider.sample({ url: SIGNED, secret, sequence: 0, now: NOW });
    return { method: 'POST', url: SIGNED, headers, body };
  };

  it('is told by how: a line end, quotes, base64, hexadecimal, case', () => {
    for (const [own, senders, words] of [
      [SECRET, `${SECRET}\n`, 'with a line end'],
      [SECRET, `"${SECRET}"`, 'in quotes'],
      [` ${SECRET}`, SECRET, 'without the white space around it'],
      [SECRET, Buffer.from(SECRET).toString('base64'), 'in base64'],
      [Buffer.from(SECRET).toString('hex'), SECRET, 'decoded from hexadecimal'],
      [SECRET.toUpperCase(), SECRET, 'in lower case'],
    ] as const)
      says(
        github,
        withSecret(github, senders),
        { secrets: ['other', own] },
        new RegExp(`^secret-differs \\| valid with secrets\\[1\\] ${words}`),
      );
  });

  it('is told where a sender takes the text in place of its bytes', () => {
    const whsec = `whsec_${Buffer.alloc(32, 0x5a).toString('base64')}`;
    const asText = `whsec_${Buffer.from(whsec).toString('base64')}`;
    const { headers, body } = standardWebhooks.sample({ url: SIGNED, secret: asText, sequence: 0, now: NOW });
    says(
      standardWebhooks,
      { method: 'POST', url: SIGNED, headers, body },
      { secrets: [whsec] },
      /^secret-differs .* \(or as text, in place of its bytes\)/,
    );
  });

  it('is told where it is that of another source, by its name', () => {
    const others = [{ source: 'shop-b', secrets: ['x', 'secret-of-shop-b'] }];
    const request = withSecret(shopify, 'secret-of-shop-b');
    says(
      shopify,
      request,
      { others },
      /^secret-of-other-source \| valid with secrets\[1\] of source shop-b:/,
    );
    const token = withSecret(telegram, 'token-of-b');
    says(telegram, token, { others: [{ source: 'bot-b', secrets: ['token-of-b'] }] }, /of source bot-b/);
  });

  it('is told to be in force by now', () => {
    const of = suspect(github, withSecret(github, SECRET), { secrets: ['old'] });
    assert.match(saysOf({ ...of, secrets: [SECRET] }), /^valid-now /);
  });
});

describe('a body that was written anew', () => {
  const PRETTY = '{\n  "id": "e1",\n  "note": "naïve <b> 👋 a/b",\n  "items": [],\n  "total": 1.50\n}';
  const COMPACT = '{"id":"e1","note":"naïve <b> 👋 a/b","items":[],"total":1.50}';
  const ASCII = String.raw`{"id": "e1", "note": "na\u00efve <b> \ud83d\udc4b a/b", "items": [], "total": 1.50}`;
  const PHP = String.raw`{"id":"e1","note":"na\u00efve <b> \ud83d\udc4b a\/b","items":[],"total":1.50}`;
  const RAILS = String.raw`{"id":"e1","note":"naïve \u003cb\u003e 👋 a/b","items":[],"total":1.50}`;

  const received = (sent: string | Uint8Array, came: string | Uint8Array): ReceivedRequest => ({
    method: 'POST',
    url: SIGNED,
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Hub-Signature-256', githubSigned(sent, SECRET)],
    ],
    body: Buffer.from(came as string),
  });

  it('is found behind each layout and way to write strings that is common', () => {
    for (const sent of [PRETTY, COMPACT, ASCII, PHP, RAILS])
      for (const came of [PRETTY, COMPACT, ASCII, PHP, RAILS])
        if (sent !== came) says(github, received(sent, came), {}, /^body-rewritten \| valid for the body /);
  });

  it('is found behind line ends, byte order marks and encodings', () => {
    for (const [sent, came] of [
      [COMPACT, `\ufeff${COMPACT}`],
      [`\ufeff${COMPACT}`, COMPACT],
      [COMPACT, `${COMPACT}\n`],
      [`${COMPACT}\r\n`, COMPACT],
      [PRETTY, PRETTY.replaceAll('\n', '\r\n')],
      [PRETTY.replaceAll('\n', '\r\n'), PRETTY],
      [COMPACT, Buffer.from(COMPACT).toString('latin1')],
      ['payload=a+b', 'payload=a%20b'],
    ] as const)
      says(github, received(sent, came), {}, /^body-rewritten /);
  });

  it('of Twilio is found by the hash in its URL', () => {
    const url = `${SIGNED}?bodySHA256=${hash('sha256', PRETTY, 'hex')}`;
    const headers: HeaderPairs = [
      ['Content-Type', 'application/json'],
      ['X-Twilio-Signature', signTwilio(SECRET, url, '')],
    ];
    const request = { method: 'POST', url, headers, body: Buffer.from(COMPACT) };
    says(
      twilio,
      request,
      { source: { publicUrl: 'https://hooks.example.com' } },
      /^body-rewritten .* indented by 2/,
    );
  });

  it('that is other content is told to be unexplained, whatever it is', () => {
    for (const came of [
      '',
      '"',
      '{"id":"e2"}',
      '{'.repeat(5_000),
      '"\\'.repeat(20_000),
      ' '.repeat(60_000) + 'x',
      '[['.repeat(2_000) + ',,'.repeat(9_000),
    ])
      says(github, received(COMPACT, came), {}, /^unexplained /);
  });

  it('that is large is not written anew, but tried otherwise; over the bound it is not', () => {
    const large = `[${'{"a": 1}, '.repeat(4_000)}1]`;
    const compact = large.replaceAll(' ', '');
    assert.ok(compact.length > MAX_REWRITTEN_BYTES - 10_000 && large.length > MAX_REWRITTEN_BYTES);
    says(github, received(compact, large), {}, /^unexplained .*over 32 KiB is not tried in other forms/);
    const { request } = suspect(github, received(large, large));
    says(github, request, { secrets: [`${SECRET} `] }, /^secret-differs /);
    const over = 'x'.repeat(MAX_TRIED_BODY_BYTES + 1);
    says(github, received(COMPACT, over), {}, /^not-tried /);
  });
});

describe('a proof header that came otherwise', () => {
  const request = cameTo(github, SIGNED, SIGNED);
  const HEADER = 'X-Hub-Signature-256';
  const value = request.headers.find(([name]) => name === HEADER)?.[1] ?? '';

  it('is told by how it was written', () => {
    for (const [other, words] of [
      [value.toUpperCase().replace('SHA256', 'sha256'), 'in lower case'],
      [value.slice(7), 'with the prefix sha256='],
      [`"${value}"`, 'without the quotes around it'],
      [`${value}, ${value}`, 'up to its first comma'],
      [
        Buffer.from(value.slice(7), 'hex').toString('base64'),
        'in hexadecimal in place of base64, with the prefix',
      ],
    ] as const)
      says(
        github,
        withHeader(request, HEADER, other),
        {},
        new RegExp(`^header-rewritten \\| valid with the value of ${HEADER} ${words}`),
      );
    const order = cameTo(shopify, SIGNED, SIGNED);
    const base64 = order.headers.find(([name]) => name === 'X-Shopify-Hmac-Sha256')?.[1] ?? '';
    const hex = withHeader(order, 'X-Shopify-Hmac-Sha256', Buffer.from(base64, 'base64').toString('hex'));
    says(shopify, hex, {}, /in base64 in place of hexadecimal/);
  });

  it('is told where it came twice, or under another name', () => {
    const twice = { ...request, headers: [...request.headers, [HEADER, 'sha256=0'] as const] };
    says(
      github,
      twice,
      {},
      /^header-repeated \| valid with the first X-Hub-Signature-256 alone: the header came 2 times/,
    );
    const renamed = withHeader(request, HEADER, null);
    says(
      github,
      { ...renamed, headers: [...renamed.headers, ['HTTP_X_HUB_SIGNATURE_256', value]] },
      {},
      /^header-renamed /,
    );
  });

  it('is told where it is missing, and whose proof is there instead', () => {
    says(github, withHeader(request, HEADER, null), {}, /^proof-missing \| X-Hub-Signature-256 did not come/);
    says(stripe, request, {}, /^proof-of-other-provider \| it has the proof of github/);
    const usual = { ...request, headers: [['X-Webhook-Signature', 'x'] as const] };
    says(stripe, usual, {}, /it has the proof of respondio/);
  });

  it('is told where nothing can be made of it', () => {
    says(github, withHeader(request, HEADER, 'sha256=?'), {}, /^proof-malformed /);
    const twice = {
      ...request,
      headers: [...withHeader(request, HEADER, 'x').headers, [HEADER, 'y'] as const],
    };
    says(github, twice, {}, /^proof-repeated /);
    says(github, request, { secrets: [] }, /^no-secret /);
  });

  it('of a form is told where its content type was changed, and where nothing covers the body', () => {
    const source = { publicUrl: 'https://hooks.example.com' };
    const form = cameTo(twilio, SIGNED, SIGNED);
    says(twilio, withHeader(form, 'Content-Type', 'application/json'), { source }, /^content-type-changed /);
    says(
      twilio,
      withBody(withHeader(form, 'Content-Type', 'application/json'), Buffer.from('{}')),
      { source },
      /^body-hash-missing /,
    );
  });
});

/** Signed times are of whole seconds, and clocks are not. */
const ODD_MS = 337;

describe('a time that is out of its tolerance', () => {
  const signedAt = (provider: Provider, at: number) => ({
    ...cameTo(provider, SIGNED, SIGNED),
    ...provider.sample({ url: SIGNED, secret: SECRET, sequence: 0, now: at }),
  });

  it('is measured exactly, before and after, wherever the provider has it', () => {
    for (const provider of [stripe, linear])
      for (const skewMs of [301_000, 12 * 3_600_000, -302_000, -86_400_000 * 400]) {
        const now = NOW + ODD_MS;
        const of = suspect(provider, signedAt(provider, NOW - skewMs), { secrets: ['x', SECRET], now });
        assert.equal(of.reason, 'timestamp_out_of_tolerance');
        const { diagnosis, skewMs: found, secretIndex } = examined(of);
        assert.deepEqual([diagnosis.code, found, secretIndex], ['time-out-of-tolerance', skewMs + ODD_MS, 1]);
        assert.match(diagnosis.what, skewMs > 0 ? /before it came/ : /after it came/);
      }
  });

  it('is told beside another cause', () => {
    const late = signedAt(stripe, NOW - 3_600_000);
    says(stripe, late, { secrets: [`${SECRET} `] }, /^secret-differs .*; and signed 60 min before it came/);
  });

  it('goes by the tolerance of the source', () => {
    const late = signedAt(stripe, NOW - 60_000);
    says(
      stripe,
      late,
      { source: { toleranceMs: 10_000 } },
      /signed 60 s before it came, .* \(tolerance 10 s\)/,
    );
  });
});

describe('a body that is refused as such', () => {
  it('is told to be empty, or what is wrong with it', () => {
    const of = suspect(github, cameTo(github, SIGNED, SIGNED), { secrets: [SECRET] });
    assert.match(saysOf({ ...of, reason: 'empty_body' }), /^body-empty /);
    assert.match(
      saysOf({ ...of, reason: 'malformed', detail: 'the body is not JSON' }),
      /^body-malformed .*the body is not JSON/,
    );
  });
});

describe('a request that is signed with a certificate', () => {
  const webhookId = '8PT597110X687430L';
  const pair = paypal.makeKeys?.();
  assert.ok(pair);
  const [, signing = ''] = pair.signingKey.split(' ');
  const [, published = ''] = pair.secret.split(' ');
  const key = createPublicKey({ key: Buffer.from(published, 'base64'), format: 'der', type: 'spki' });
  const known = paypal.withKeys?.({ keyOf: () => key });
  assert.ok(known);
  const signedFor = (id: string) => ({
    method: 'POST',
    url: CALLED,
    ...paypal.sample({ url: CALLED, secret: `${id} ${signing}`, sequence: 0, now: NOW }),
  });
  const secrets = [webhookId];

  it('had to wait for it', () => {
    says(paypal, signedFor(webhookId), { secrets }, /^certificate-unknown \| .* had not come yet \| /);
    const came = suspect(known, signedFor(webhookId), { secrets, reason: 'certificate_unknown' });
    assert.equal(examined(came).diagnosis.code, 'certificate-unknown');
  });

  it('names one that is nowhere at the provider', () => {
    const elsewhere = withHeader(signedFor(webhookId), 'Paypal-Cert-Url', 'https://example.com/CERT-1');
    const pattern = /^certificate-url-refused \| .* not at a host of paypal, /;
    for (const provider of [paypal, known]) says(provider, elsewhere, { secrets }, pattern);
    assert.ok(!saysOf(suspect(known, elsewhere, { secrets })).includes('example.com'));
  });

  it("is a mock of the provider's own test tool, of another source, or of a webhook that is not known", () => {
    says(
      known,
      signedFor('WEBHOOK_ID'),
      { secrets },
      /^secret-of-test-tool \| a mock event .* \(WEBHOOK_ID\) \| /,
    );
    const others = [{ source: 'shop', secrets: ['1JE4291016473214C'] }];
    says(
      known,
      signedFor('1JE4291016473214C'),
      { secrets, others },
      /^secret-of-other-source \| .* of source shop:/,
    );
    says(known, signedFor('5GP028458E2496506'), { secrets }, /^unexplained \| .* another secret, or a body/);
  });
});
