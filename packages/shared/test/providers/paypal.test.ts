import assert from 'node:assert/strict';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as cryptoSign,
} from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';

import type { Provider, PublishedCertificate, ReceivedRequest } from '../../src/provider.ts';
import { paypal } from '../../src/providers/paypal.ts';
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

const WEBHOOK_ID = '8PT597110X687430L';
const OTHER_WEBHOOK_ID = '1JE4291016473214C';
const PATH = '/v1/notifications/certs/CERT-360caa42-fca2a594-0a1b2c3d';
const CERTIFICATE_URL = `https://api.paypal.com${PATH}`;
const EVENTS = ['capture-completed', 'dispute-created', 'subscription-activated', 'invoice-paid'];
const EXAMPLE = fixture('paypal/capture-completed.json');

const makeKeys = (bits = 2_048) => generateKeyPairSync('rsa', { modulusLength: bits });
const keys = makeKeys();
const otherKeys = makeKeys();
const publicText = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');
const signingText = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');

const SECRET = `${WEBHOOK_ID} ${publicText(keys.publicKey)}`;
const SIGNING_KEY = `${WEBHOOK_ID} ${signingText(keys.privateKey)}`;
const OTHER_SECRET = `${OTHER_WEBHOOK_ID} ${publicText(otherKeys.publicKey)}`;
const OTHER_SIGNING_KEY = `${OTHER_WEBHOOK_ID} ${signingText(otherKeys.privateKey)}`;
const keyOf = new Map([
  [SIGNING_KEY, keys.privateKey],
  [OTHER_SIGNING_KEY, otherKeys.privateKey],
]);

interface Signed {
  readonly webhookId?: string;
  readonly key?: KeyObject;
  readonly at?: number;
  readonly url?: string;
}

/** As PayPal's documentation and its SDKs for Java, .NET and Python put it together. */
function transmission(
  body: string | Uint8Array,
  { webhookId = WEBHOOK_ID, key = keys.privateKey, at = NOW, url = CERTIFICATE_URL }: Signed = {},
): ReceivedRequest {
  const id = 'dfb3be50-fd74-11e4-8bf3-77339302725b';
  const time = new Date(at).toISOString().replace('.000', '');
  const signed = `${id}|${time}|${webhookId}|${crc32(body)}`;
  return post(
    [
      ['Content-Type', 'application/json'],
      ['PAYPAL-TRANSMISSION-ID', id],
      ['PAYPAL-TRANSMISSION-TIME', time],
      ['PAYPAL-TRANSMISSION-SIG', cryptoSign('sha256', Buffer.from(signed), key).toString('base64')],
      ['PAYPAL-CERT-URL', url],
      ['PAYPAL-AUTH-ALGO', 'SHA256withRSA'],
      ['PAYPAL-AUTH-VERSION', 'v2'],
    ],
    body,
  );
}
const sign = (body: Uint8Array, { secret, at }: SignOptions) =>
  transmission(body, {
    webhookId: secret.split(' ', 1)[0] ?? '',
    key: keyOf.get(secret) ?? keys.privateKey,
    at,
  });
const of = (payload: unknown) => identityOf(paypal, transmission(JSON.stringify(payload)));

/** One that knows the key of the certificate at this URL, and what it was asked for. */
function withKnown(url: string): { readonly provider: Provider; readonly asked: PublishedCertificate[] } {
  const asked: PublishedCertificate[] = [];
  const provider = paypal.withKeys?.({
    keyOf(certificate) {
      asked.push(certificate);
      return certificate.url === url ? keys.publicKey : null;
    },
  });
  assert.ok(provider);
  return { provider, asked };
}

testSignedProvider({
  provider: paypal,
  secret: SECRET,
  otherSecret: OTHER_SECRET,
  signingKeys: new Map([
    [SECRET, SIGNING_KEY],
    [OTHER_SECRET, OTHER_SIGNING_KEY],
  ]),
  proofHeaders: [
    'paypal-transmission-sig',
    'paypal-transmission-id',
    'paypal-transmission-time',
    'paypal-auth-algo',
  ],
  bodies: new Map(EVENTS.map(name => [name, fixture(`paypal/${name}.json`).toString()])),
  sign,
  sdk: null,
});

describe('paypal verify with the certificate that a request names', () => {
  it('proves what is signed by its key for the webhook id, and names the secret', () => {
    const { provider, asked } = withKnown(CERTIFICATE_URL);
    const verdict = provider.verify(transmission(EXAMPLE), [OTHER_WEBHOOK_ID, WEBHOOK_ID], NOW);
    assert.deepEqual(verdict, { verified: true, secretIndex: 1 });
    assert.deepEqual(asked, [{ url: CERTIFICATE_URL, subject: 'messageverificationcerts.paypal.com' }]);
  });

  it('does not know a request whose certificate is not here, and never takes it', () => {
    const { provider } = withKnown('https://api.paypal.com/v1/notifications/certs/CERT-other');
    for (const one of [provider, paypal])
      for (const request of [transmission(EXAMPLE), withBody(transmission(EXAMPLE), Buffer.from('{}'))])
        assert.equal(refusal(one, request, [WEBHOOK_ID]), 'certificate_unknown');
  });

  it('refuses another body, another webhook and another key once it knows the certificate', () => {
    const { provider } = withKnown(CERTIFICATE_URL);
    for (const request of [
      withBody(transmission(EXAMPLE), Buffer.from('{}')),
      transmission(EXAMPLE, { webhookId: OTHER_WEBHOOK_ID }),
      transmission(EXAMPLE, { webhookId: 'WEBHOOK_ID' }),
      transmission(EXAMPLE, { key: otherKeys.privateKey }),
    ])
      assert.equal(refusal(provider, request, [WEBHOOK_ID]), 'wrong_signature');
    assert.equal(
      refusal(provider, transmission(EXAMPLE, { at: NOW - 5 * 86_400_000 }), [WEBHOOK_ID]),
      'timestamp_out_of_tolerance',
    );
  });

  it('has the certificate of the sandbox made out to its own name', () => {
    const url = `https://api.sandbox.paypal.com${PATH}`;
    const { provider, asked } = withKnown(url);
    assert.equal(refusal(provider, transmission(EXAMPLE, { url }), [WEBHOOK_ID]), 'verified');
    assert.equal(asked[0]?.subject, 'messageverificationcerts.sandbox.paypal.com');
  });

  it('asks for no certificate but those of the two hosts of PayPal, by https and in one form alone', () => {
    const urls = [
      CERTIFICATE_URL.replace('https:', 'http:'),
      CERTIFICATE_URL.replace('https:', 'HTTPS:'),
      CERTIFICATE_URL.replace('api.paypal.com', 'API.paypal.com'),
      ...[
        'api.paypal.com.example.com',
        'example.com',
        'evil-paypal.com',
        'xapi.paypal.com',
        'api-m.paypal.com',
        'www.paypal.com',
        'paypal.com',
        'api.paypal.com.',
        'api.paypal.com:443',
        'api.paypal.com:8443',
        'user@api.paypal.com',
        'api.paypal.com@example.com',
        '127.0.0.1',
        '169.254.169.254',
        '[::1]',
        'example.com#api.paypal.com',
        'example.com?api.paypal.com',
        'example.com\\api.paypal.com',
      ].map(host => CERTIFICATE_URL.replace('api.paypal.com', host)),
      ...[
        '/v1/notifications/certs/',
        '/v1/notifications/certs/cert-360caa42',
        '/v1/notifications/certs/CERT-',
        '/v1/notifications/certs/CERT-../../webhooks',
        '/v1/notifications/certs/CERT-a/../x',
        '/v1/notifications/certs/CERT-a%2e',
        '/v1/notifications/certs/CERT-a?b',
        '/v1/notifications/certs/CERT-a#b',
        '/v1/notifications//certs/CERT-a',
        `/v1/notifications/certs/CERT-${'a'.repeat(101)}`,
        '/v2/notifications/certs/CERT-a',
        '/redirect?to=https://example.com',
        '',
      ].map(path => `https://api.paypal.com${path}`),
      'file:///etc/passwd',
      'data:,x',
      'x',
    ];
    for (const url of urls) {
      const { provider, asked } = withKnown(url);
      const request = transmission(EXAMPLE, { url });
      assert.equal(refusal(provider, request, [WEBHOOK_ID]), 'certificate_url_refused', url);
      assert.deepEqual(asked, [], url);
    }
  });

  it('asks for it once in a request, and for none where it is not needed', () => {
    const { provider, asked } = withKnown('');
    refusal(provider, transmission(EXAMPLE), [WEBHOOK_ID, OTHER_WEBHOOK_ID, WEBHOOK_ID]);
    assert.equal(asked.length, 1);
    refusal(provider, transmission(EXAMPLE), [SECRET]);
    refusal(provider, transmission(EXAMPLE), [OTHER_SECRET]);
    for (const name of ['PAYPAL-TRANSMISSION-SIG', 'PAYPAL-AUTH-ALGO', 'PAYPAL-TRANSMISSION-TIME'])
      for (const value of [null, 'x'])
        refusal(provider, withHeader(transmission(EXAMPLE), name, value), [WEBHOOK_ID]);
    assert.equal(asked.length, 1);
  });

  it('takes a key of its own beside it, whichever comes first', () => {
    const { provider } = withKnown('');
    const request = transmission(EXAMPLE);
    for (const secrets of [
      [WEBHOOK_ID, SECRET],
      [SECRET, WEBHOOK_ID],
    ])
      assert.equal(refusal(provider, request, secrets), 'verified');
    assert.equal(refusal(provider, request, [OTHER_SECRET, WEBHOOK_ID]), 'certificate_unknown');
    assert.equal(refusal(provider, request, [OTHER_SECRET]), 'wrong_signature');
  });
});

describe('paypal verify', () => {
  it('refuses the URL of the certificate missing, twice, or out of form', () => {
    const request = transmission(EXAMPLE);
    const refused = (value: string | null) =>
      refusal(paypal, withHeader(request, 'PAYPAL-CERT-URL', value), [SECRET]);
    assert.equal(refused(null), 'missing_signature');
    for (const value of ['', `https://${'a'.repeat(500)}`, 'https://api.paypal.com/ x', 'x\u0000'])
      assert.equal(refused(value), 'malformed_signature', value);
    const twice = {
      ...request,
      headers: [...request.headers, ['paypal-cert-url', CERTIFICATE_URL] as const],
    };
    assert.equal(refusal(paypal, twice, [SECRET]), 'duplicate_signature');
  });

  it('takes no algorithm but SHA256withRSA', () => {
    for (const name of [
      'SHA1withRSA',
      'MD5withRSA',
      'sha256WithRSA',
      'NONEwithRSA',
      'SHA256withECDSA',
      'none',
    ])
      assert.equal(
        refusal(paypal, withHeader(transmission(EXAMPLE), 'PAYPAL-AUTH-ALGO', name), [SECRET]),
        'malformed_signature',
      );
  });

  it('takes no time that is none, and no id with what parts are set apart by', () => {
    for (const time of [
      '2026-13-22T12:00:00Z',
      '2026-11-22T12:00:00',
      '2026-11-22T12:00:00+00:00',
      '1795348800',
    ])
      assert.equal(
        refusal(paypal, withHeader(transmission(EXAMPLE), 'PAYPAL-TRANSMISSION-TIME', time), [SECRET]),
        'malformed_signature',
        time,
      );
    for (const id of ['a|2026-11-22T12:00:00Z', 'a b', 'a'.repeat(51)])
      assert.equal(
        refusal(paypal, withHeader(transmission(EXAMPLE), 'PAYPAL-TRANSMISSION-ID', id), [SECRET]),
        'malformed_signature',
        id,
      );
  });

  it('takes a try of three days later as it was signed at first', () => {
    const late = transmission(EXAMPLE, { at: NOW - 3 * 86_400_000 });
    assert.equal(refusal(paypal, late, [SECRET]), 'verified');
  });

  it('has no proof against a body with the same CRC-32, which is all of it that PayPal signs', () => {
    const request = transmission(EXAMPLE);
    const other = withChecksum(Buffer.from('{"id":"WH-forged","x":"'), crc32(EXAMPLE));
    assert.notDeepEqual(other, EXAMPLE);
    assert.equal(refusal(paypal, withBody(request, other), [SECRET]), 'verified');
  });
});

/** The bytes, and four more that give them this CRC-32. */
function withChecksum(bytes: Buffer, checksum: number): Buffer {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
    return value >>> 0;
  });
  let wanted = ~checksum >>> 0;
  for (let step = 0; step < 4; step += 1) {
    const index = table.findIndex(value => value >>> 24 === wanted >>> 24);
    wanted = (((wanted ^ (table[index] ?? 0)) << 8) | index) >>> 0;
  }
  const patch = Buffer.alloc(4);
  patch.writeUInt32LE((wanted ^ ~crc32(bytes)) >>> 0);
  return Buffer.concat([bytes, patch]);
}

describe('paypal identify', () => {
  const ofFixture = (name: string) => identityOf(paypal, transmission(fixture(`paypal/${name}.json`)));

  it('names an event by its id, its type, its resource and its time', () => {
    assert.deepEqual(ofFixture('capture-completed'), {
      type: 'PAYMENT.CAPTURE.COMPLETED',
      dedupKey: 'WH-58D329510W468432D-8HN650336L201105X',
      orderingKey: '42311647XV020574X',
      occurredAt: Date.UTC(2026, 10, 22, 11, 59, 58, 613),
      priority: 'normal',
    });
    assert.equal(ofFixture('subscription-activated').orderingKey, 'I-BW452GLLEP1G');
  });

  it('orders a dispute by its case, and an invoice by its own id', () => {
    assert.equal(ofFixture('dispute-created').orderingKey, 'PP-000-042-663-135');
    assert.equal(ofFixture('invoice-paid').orderingKey, 'INV2-Z56S-5LLA-Q52L-CPZ5');
  });

  it('has no key for what names none', () => {
    for (const payload of [{}, { id: '', event_type: '', resource: {} }, { id: {}, resource: [] }])
      assert.deepEqual(of(payload), {
        type: 'unknown',
        dedupKey: null,
        orderingKey: null,
        occurredAt: null,
        priority: 'normal',
      });
  });
});

describe('the secret of paypal', () => {
  const signing = createPrivateKey(fixture('paypal/signing-key.pem'));
  const publicPem = createPublicKey(signing).export({ type: 'spki', format: 'pem' }).toString();
  /** Its own certificate, and that of its issuer. */
  const chain = fixture('paypal/certificate.pem').toString();
  const [certificate = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);

  it('is the id of the webhook, alone or with a certificate or a public key behind it', () => {
    for (const secret of [WEBHOOK_ID, SECRET]) assert.equal(paypal.checkSecret(secret), true, secret);
    const request = transmission(EXAMPLE, { key: signing });
    for (const key of [certificate, chain, publicPem, publicText(createPublicKey(signing))])
      for (const between of ['\n', '\r\n', ' ']) {
        const secret = `${WEBHOOK_ID}${between}${key}`;
        assert.equal(paypal.checkSecret(secret), true, secret);
        assert.equal(refusal(paypal, request, [secret]), 'verified', secret);
      }
  });

  it('is nothing else', () => {
    const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const secret of [
      '',
      'WEBHOOK_ID',
      WEBHOOK_ID.toLowerCase(),
      ` ${WEBHOOK_ID}`,
      publicText(keys.publicKey),
      certificate,
      `${WEBHOOK_ID} x`,
      `${WEBHOOK_ID} ${publicText(ecKey.publicKey)}`,
      `${WEBHOOK_ID} ${publicText(makeKeys(1_024).publicKey)}`,
      `${WEBHOOK_ID} ${signingText(keys.privateKey)}`,
      `${WEBHOOK_ID}\n${fixture('paypal/signing-key.pem').toString()}`,
      `${WEBHOOK_ID}\n${certificate.slice(0, 200)}`,
    ])
      assert.equal(typeof paypal.checkSecret(secret), 'string', secret);
  });

  it('of a made pair signs samples, and what proves them alone signs none', () => {
    const pair = paypal.makeKeys?.();
    assert.ok(pair);
    const sample = signedSample(paypal, pair.signingKey);
    assert.equal(refusal(paypal, sample, [pair.secret]), 'verified');
    assert.equal(identityOf(paypal, sample).occurredAt, NOW);
    for (const secret of [pair.secret, WEBHOOK_ID])
      assert.equal(headerOf(signedSample(paypal, secret), 'paypal-transmission-sig'), '');
  });
});
