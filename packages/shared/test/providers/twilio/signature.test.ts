import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { parse, stringify } from 'node:querystring';
import { describe, it } from 'node:test';

import fc from 'fast-check';
import sdk from 'twilio';

import type { ReceivedRequest } from '../../../src/provider.ts';
import { twilio } from '../../../src/providers/twilio.ts';
import { oddForms } from '../support/odd-bodies.ts';
import {
  fixture,
  NOW,
  post,
  refusal,
  repeatableRandom,
  URL_CALLED,
  withBody,
  withHeader,
} from '../support/requests.ts';
import { headerOf } from '../support/signed-provider.ts';
import { testSignedProvider } from '../support/suite.ts';

const TOKEN = '12345678901234567890123456789012';
const HEADER = 'X-Twilio-Signature';
const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';

/** A form as Twilio sends it: the SDK signs what Node's own decoder reads, so our decoder has no part in it. */
function signedForm(body: string | Uint8Array, signedUrl = URL_CALLED, calledUrl = signedUrl) {
  const signature = sdk.getExpectedTwilioSignature(TOKEN, signedUrl, parse(Buffer.from(body).toString()));
  return post(
    [
      ['Content-Type', FORM],
      [HEADER, signature],
    ],
    body,
    calledUrl,
  );
}

/** The query as Node's old `querystring` writes it, which is how some of Twilio's back ends sign it. */
function reencoded(url: string): string {
  const [path, query] = url.split('?');
  return query === undefined ? url : `${path}?${stringify(parse(query))}`;
}

function signedJson(body: string | Uint8Array, contentType = 'application/json') {
  const url = `${URL_CALLED}?bodySHA256=${sdk.getExpectedBodyHash(Buffer.from(body).toString())}`;
  return post(
    [
      ['Content-Type', contentType],
      [HEADER, sdk.getExpectedTwilioSignature(TOKEN, url, {})],
    ],
    body,
    url,
  );
}

/** By Node's crypto and decoder alone. */
function signatureOf(secret: string, url: string, body: Uint8Array | null): string {
  const fields = body === null ? {} : parse(Buffer.from(body).toString(), '&', '=', { maxKeys: 0 });
  const content = Object.keys(fields)
    .sort()
    .flatMap(name => [...new Set([fields[name] ?? ''].flat())].sort().map(value => name + value));
  return createHmac('sha1', secret)
    .update(url + content.join(''))
    .digest('base64');
}

const twilioPost = (type: string, signature: string, body: string | Uint8Array, url: string) =>
  post(
    [
      ['Content-Type', type],
      [HEADER, signature],
    ],
    body,
    url,
  );

function isTakenBySdk({ headers, url, body }: ReceivedRequest, secret: string): boolean {
  const [[, type], [, signature]] = headers as [[string, string], [string, string]];
  const text = Buffer.from(body).toString();
  return type === FORM
    ? sdk.validateRequest(secret, signature, url, parse(text))
    : sdk.validateRequestWithBody(secret, signature, url, text);
}

const OF_ACCOUNT = {
  provider: twilio,
  secret: TOKEN,
  otherSecret: 'fedcba9876543210fedcba9876543210',
  proofHeaders: ['x-twilio-signature'] as const,
};

/** Those with fields that are repeated, empty, escaped and of all scripts among them. */
const FORMS = [
  'unicode-plus-percent',
  'incoming-sms',
  'incoming-whatsapp-media',
  'spelled-otherwise',
  'repeated-parameters',
  'status-delivered',
  'status-undelivered',
  'status-whatsapp-read',
  'voice-call',
];

/** As they are, without an escape: one in upper and in lower case is the same field. A sample that begins as JSON is none. */
const plainFields = fc
  .string({ unit: 'binary', maxLength: 100 })
  .map(text => Buffer.from(`a${text.toWellFormed().replaceAll('%', '+')}`));
const likeJson = fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.concat([Buffer.from('{'), bytes]));

for (const url of [
  URL_CALLED,
  'https://hooks.example.com:8443/webhook/whatsapp/',
  "https://hooks.example.com/caf%C3%A9/a%20b?b=2&a='%27'&b=3&empty=&bare",
])
  testSignedProvider({
    ...OF_ACCOUNT,
    name: `twilio (form at ${url})`,
    bodies: new Map(FORMS.map(name => [name, fixture(`twilio/${name}.form`).toString()])),
    oddBodies: oddForms(),
    signsDecoded: true,
    content: plainFields,
    sign: (body, { secret }) => twilioPost(FORM, signatureOf(secret, url, body), body, url),
    sdk: {
      name: 'twilio',
      sign: (body, { secret }) =>
        twilioPost(FORM, sdk.getExpectedTwilioSignature(secret, url, parse(body)), body, url),
      bodyOf: text => `Body=${encodeURIComponent(text)}&Empty=&Body=${encodeURIComponent(`${text} 2`)}`,
      verifies: isTakenBySdk,
    },
  });

for (const base of [`${URL_CALLED}?`, "https://hooks.example.com:443/x/?b=2&a='%27'&"])
  testSignedProvider({
    ...OF_ACCOUNT,
    name: `twilio (JSON at ${base})`,
    bodies: new Map([['event-stream', fixture('twilio/event-stream.json').toString()]]),
    altered: 'body_hash_mismatch',
    content: likeJson,
    // Event Streams sends them.
    takesLists: true,
    sign(body, { secret }) {
      const url = `${base}bodySHA256=${hash('sha256', body, 'hex')}`;
      return twilioPost('application/json', signatureOf(secret, url, null), body, url);
    },
    sdk: {
      name: 'twilio',
      sign(body, { secret }) {
        const url = `${base}bodySHA256=${sdk.getExpectedBodyHash(body)}`;
        return twilioPost('application/json', sdk.getExpectedTwilioSignature(secret, url, {}), body, url);
      },
      verifies: isTakenBySdk,
    },
  });

describe('twilio verify, forms', () => {
  const sms = fixture('twilio/incoming-sms.form');

  it('accepts a signature that another program made (Python), and names the secret', () => {
    const request = twilioPost(FORM, '0cZ0AYOAtuDHVpuG387xUsUf7tg=', sms, URL_CALLED);
    assert.deepEqual(twilio.verify(request, ['other', '', TOKEN], NOW), { verified: true, secretIndex: 2 });
  });

  it('agrees with the SDK for random fields in several spellings', () => {
    const random = repeatableRandom(1);
    const alphabet = [
      'a',
      'B',
      '0',
      ' ',
      '+',
      '&',
      '=',
      '%',
      '|',
      '\\',
      "'",
      '"',
      '*',
      '~',
      '(',
      '\n',
      '\u0000',
      'é',
      '漢',
      '👋',
      '\uffff',
      '__proto__',
    ];
    const text = () =>
      Array.from(
        { length: Math.floor(random() * 6) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join('');
    const spell = [
      (pairs: [string, string][]) => new URLSearchParams(pairs).toString(),
      (pairs: [string, string][]) => pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&'),
      (pairs: [string, string][]) =>
        pairs
          .map(pair =>
            pair
              .map(part =>
                [...Buffer.from(part)].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join(''),
              )
              .join('='),
          )
          .join('&'),
    ];
    for (let round = 0; round < 300; round += 1) {
      const pairs = Array.from({ length: Math.floor(random() * 8) }, (): [string, string] => [
        text(),
        text(),
      ]);
      const params: Record<string, string[]> = Object.create(null);
      for (const [name, value] of pairs) (params[name] ??= []).push(value);
      const signature = sdk.getExpectedTwilioSignature(TOKEN, URL_CALLED, params);
      for (const write of spell) {
        const request = post(
          [
            ['Content-Type', FORM],
            [HEADER, signature],
          ],
          write(pairs),
        );
        assert.equal(refusal(twilio, request, [TOKEN]), 'verified', JSON.stringify(pairs));
      }
    }
  });

  it('signs repeated values once each, sorted by UTF-16 unit', () => {
    const good = signedForm(fixture('twilio/repeated-parameters.form'));
    const reordered =
      'Tag=%EF%BF%BD&Tag=%F0%9F%98%80&Tag=a&Tag=b&' +
      Buffer.from(good.body).toString().split('&').slice(5).join('&');
    assert.equal(refusal(twilio, withBody(good, Buffer.from(reordered)), [TOKEN]), 'verified');
    assert.equal(
      refusal(twilio, withBody(good, Buffer.from(reordered.replace('Tag=a', 'Tag=c'))), [TOKEN]),
      'wrong_signature',
    );
  });

  it('refuses a signature that is spelled in another way', () => {
    const good = signedForm(sms);
    const signature = headerOf(good, 'x-twilio-signature');
    for (const spelling of [
      `${signature} `,
      Buffer.from(signature, 'base64').toString('hex'),
      `${signature},${signature}`,
    ]) {
      assert.equal(refusal(twilio, withHeader(good, HEADER, spelling), [TOKEN]), 'malformed_signature');
    }
  });

  it('refuses a byte order mark before a signed form', () => {
    const marked = withBody(signedForm(sms), Buffer.concat([Buffer.from('\ufeff'), sms]));
    assert.equal(refusal(twilio, marked, [TOKEN]), 'wrong_signature');
  });
});

describe('twilio verify, URLs', () => {
  const body = fixture('twilio/incoming-sms.form');
  const urls = [
    'https://hooks.example.com/webhook/whatsapp',
    'https://hooks.example.com:443/webhook/whatsapp',
    'https://hooks.example.com:8443/webhook/whatsapp?a=b',
    'http://hooks.example.com/webhook/whatsapp',
    'http://user:pass@hooks.example.com:80/x',
    'https://[2001:db8::1]/x',
    'https://[2001:db8::1]:8443/x',
    "https://hooks.example.com/x?q='single'&r=%27&s=a b",
    'https://hooks.example.com/x?b=2&a=1&b=3&empty=&bare',
    'https://hooks.example.com/caf\u00e9/%C3%A9?x=%zz',
    'https://HOOKS.example.com/Path//double/../up?Q=1#fragment',
    'https://hooks.example.com?query-right-away',
    'https://hooks.example.com:/x',
  ];

  it('accepts exactly the spellings of a called URL that the SDK accepts', () => {
    const params = parse(body.toString());
    let accepted = 0;
    for (const called of urls) {
      const spellings = [
        ...urls,
        called.replace(':443', ''),
        called.replace('.com/', '.com:443/'),
        called.replace('.com/', '.com:80/'),
        called.replaceAll("'", '%27'),
        URL.parse(called)?.toString() ?? '',
        reencoded(URL.parse(called)?.toString() ?? ''),
        `${called}/`,
        called.replace('https', 'http'),
      ];
      for (const signed of new Set(spellings)) {
        const request = signedForm(body, signed, called);
        const signature = headerOf(request, 'x-twilio-signature');
        const expected = sdk.validateRequest(TOKEN, signature, called, params);
        assert.equal(
          refusal(twilio, request, [TOKEN]) === 'verified',
          expected,
          `${signed} called as ${called}`,
        );
        accepted += expected ? 1 : 0;
      }
    }
    assert.ok(accepted > urls.length, 'the table holds accepted spellings beyond the URL itself');
  });

  it('refuses another host, path, scheme or query', () => {
    for (const called of [
      'https://evil.example.com/webhook/whatsapp',
      'https://hooks.example.com/webhook/whatsapp2',
      'http://hooks.example.com/webhook/whatsapp',
      `${URL_CALLED}?a=1`,
    ]) {
      assert.equal(refusal(twilio, signedForm(body, URL_CALLED, called), [TOKEN]), 'wrong_signature', called);
    }
  });

  it('refuses, and does not throw, where the URL is none', () => {
    for (const called of ['', 'not a url', '//x', 'https://', 'https://[', '?', 'https://x:99999999/']) {
      assert.equal(refusal(twilio, signedForm(body, URL_CALLED, called), [TOKEN]), 'wrong_signature', called);
    }
  });
});

describe('twilio verify, other bodies', () => {
  const json = fixture('twilio/event-stream.json');

  it('accepts a body of any type whose hash is in the signed URL', () => {
    assert.equal(refusal(twilio, signedJson('{}', 'text/plain'), [TOKEN]), 'verified');
  });

  it('refuses a hash that was altered to fit the body', () => {
    const altered = signedJson('{"altered":true}');
    assert.equal(
      refusal(twilio, { ...signedJson(json), body: altered.body, url: altered.url }, [TOKEN]),
      'wrong_signature',
    );
  });

  it('refuses every body that only the URL-alone signature would cover', () => {
    const signature = sdk.getExpectedTwilioSignature(TOKEN, URL_CALLED, {});
    for (const contentType of [
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      '',
      'application/x-www-form-urlencodedx',
    ]) {
      const request = post(
        [
          ['Content-Type', contentType],
          [HEADER, signature],
        ],
        json,
      );
      assert.equal(refusal(twilio, request, [TOKEN]), 'body_hash_missing', contentType);
    }
    assert.equal(refusal(twilio, post([[HEADER, signature]], json), [TOKEN]), 'body_hash_missing');
    const twoTypes = post(
      [
        ['Content-Type', FORM],
        ['Content-Type', 'application/json'],
        [HEADER, signature],
      ],
      json,
    );
    assert.equal(refusal(twilio, twoTypes, [TOKEN]), 'body_hash_missing');
  });

  it('does not let a signed JSON request pass as an empty or other form', () => {
    const good = signedJson(json);
    const asForm = withHeader(good, 'Content-Type', FORM);
    assert.equal(refusal(twilio, withBody(asForm, new Uint8Array()), [TOKEN]), 'body_hash_mismatch');
    assert.equal(
      refusal(twilio, withBody(asForm, fixture('twilio/incoming-sms.form')), [TOKEN]),
      'body_hash_mismatch',
    );
  });

  it('refuses an upper-case, cut, empty or repeated hash, though the URL is signed', () => {
    const hash = sdk.getExpectedBodyHash(json.toString());
    for (const query of [
      `bodySHA256=${hash.toUpperCase()}`,
      `bodySHA256=${hash.slice(1)}`,
      'bodySHA256=',
      'bodySHA256',
      `bodySHA256=${hash}&bodySHA256=${hash}`,
    ]) {
      const url = `${URL_CALLED}?${query}`;
      const request = post(
        [
          ['Content-Type', 'application/json'],
          [HEADER, sdk.getExpectedTwilioSignature(TOKEN, url, {})],
        ],
        json,
        url,
      );
      assert.equal(refusal(twilio, request, [TOKEN]), 'body_hash_mismatch', query);
    }
  });
});
