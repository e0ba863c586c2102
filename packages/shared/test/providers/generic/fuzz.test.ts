import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { Provider, ReceivedRequest } from '../../../src/provider.ts';
import { providerOf } from '../../../src/providers/registry.ts';
import { assertStorable, NOW, post, signedSample, URL_CALLED } from '../support/requests.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';
const RUNS = 500;

const headerNames = ['X-Signature', 'X-Time', 'X-Id', 'X-Type', 'Authorization'] as const;
const places = fc.option(fc.constantFrom(...headerNames, '/id', '/a/0/b', '/', '/~0~1', '/__proto__/x'), {
  nil: undefined,
});
const VALUES = ['{body}', '{timestamp}', '{url}', '{id}'] as const;
const separators = fc.constantFrom('', '.', ':', '|', '\n', 'v0:', '..', '{', '{no}');

const template = fc
  .tuple(fc.shuffledSubarray([...VALUES]), fc.array(separators, { minLength: 5, maxLength: 5 }))
  .map(([values, between]) => between.flatMap((text, index) => [text, values[index] ?? '']).join(''));

const anyOptions = fc.record(
  {
    scheme: fc.constantFrom('hmac', 'token', 'none'),
    header: fc.constantFrom('X-Signature', 'Authorization', 'not a header'),
    prefix: fc.constantFrom('', 'sha256=', 'Bearer ', '(.*)+', '[', ' '),
    algorithm: fc.constantFrom('sha1', 'sha256', 'sha512', 'md5'),
    encoding: fc.constantFrom('hex', 'base64'),
    key: fc.constantFrom('text', 'hex', 'base64'),
    signed: template,
    timestampHeader: fc.constantFrom(...headerNames),
    timestampUnit: fc.constantFrom('s', 'ms', 'iso'),
    id: places,
    type: places,
    orderingKey: places,
    contentTypes: fc.subarray(['application/json', 'text/plain', 'application/x+json']),
    status: fc.constantFrom(200, 201, 204, 500),
  },
  { requiredKeys: [] },
);

/** Of options that a source may have; `id` and time are there where they are signed. */
const signedOptions = anyOptions.map(options => {
  const { timestampHeader: _, timestampUnit, ...others } = options;
  const signed = (options.signed ?? '{body}').replaceAll(/\{(?:no\})?(?![a-z]+\})/g, '');
  const hasTime = signed.includes('{timestamp}');
  return {
    ...others,
    scheme: 'hmac',
    header: 'X-Signature',
    prefix: options.prefix === ' ' ? '' : (options.prefix ?? ''),
    algorithm: options.algorithm === 'md5' ? 'sha1' : (options.algorithm ?? 'sha256'),
    signed: signed.includes('{body}') ? signed : `${signed}.{body}`,
    ...(hasTime ? { timestampHeader: 'X-Time', timestampUnit: timestampUnit ?? 's' } : {}),
    ...(signed.includes('{id}') ? { id: 'X-Id' } : {}),
    contentTypes: signed.includes('{url}') ? ['application/json'] : ['text/plain', 'application/json'],
    status: 200,
    type: '/type',
    orderingKey: '/key',
  };
});

const make = (options: Record<string, unknown>): Provider | undefined =>
  providerOf({ provider: 'generic', options });

const texts = fc.string({
  unit: fc.constantFrom('.', ':', '|', '{', '}', '"', '0', '1', 'v', 'a', ' ', '\n', '?', 'Z', 'ü'),
  minLength: 1,
  maxLength: 12,
});
const bodies = fc.oneof(
  texts,
  texts.map(text => JSON.stringify({ id: text })),
  texts.map(text => ` ${JSON.stringify([text, 1])}\n`),
  fc.constantFrom('17', '"a"', '[]'),
);

describe('generic, by any options', () => {
  it('never throws and never accepts, whatever a stranger sends', () => {
    const strangers = fc.record({
      headers: fc.array(
        fc.tuple(fc.constantFrom(...headerNames, 'content-type', ''), fc.string({ unit: 'binary' })),
      ),
      body: fc.uint8Array({ maxLength: 60 }),
      url: fc.oneof(fc.string(), fc.constant(URL_CALLED)),
    });
    let made = 0;
    fc.assert(
      fc.property(fc.oneof(anyOptions, signedOptions), strangers, (options, { headers, body, url }) => {
        const provider = make(options);
        if (provider === undefined) return;
        made += 1;
        const request = post(headers, body, url);
        assert.equal(provider.verify(request, [SECRET, '', OTHER], NOW).verified, false);
        const identified = provider.identify(request);
        if (identified.kind === 'event') assertStorable(identified.identity);
      }),
      { numRuns: RUNS },
    );
    assert.ok(made > RUNS / 5, `${made} of ${RUNS} options made a provider`);
  });

  it('proves its samples by their own secret alone', () => {
    let proven = 0;
    fc.assert(
      fc.property(fc.oneof(anyOptions, signedOptions), fc.nat(), (options, sequence) => {
        const provider = make(options);
        if (provider?.checkSecret(SECRET) !== true) return;
        const sample = signedSample(provider, SECRET, sequence);
        assert.deepEqual(provider.verify(sample, [OTHER, SECRET], NOW), { verified: true, secretIndex: 1 });
        assert.equal(provider.verify(sample, [OTHER], NOW).verified, false);
        assert.equal(provider.identify(sample).kind, 'event');
        proven += 1;
      }),
      { numRuns: RUNS },
    );
    assert.ok(proven > RUNS / 5, `${proven} of ${RUNS}`);
  });

  it('takes what is signed as the template says, and nothing else that makes the same text of other values', () => {
    let taken = 0;
    let others = 0;
    const ids = fc.oneof(texts, fc.constant('abc'));
    // No white space is in a request line.
    const queries = texts.map(text => (text.startsWith('?') ? text.replaceAll(/\s/g, '') : ''));
    fc.assert(
      fc.property(signedOptions, bodies, ids, queries, (options, body, id, query) => {
        const provider = make(options);
        if (provider === undefined) return;
        const values = { body, id, url: URL_CALLED + query, timestamp: timeOf(options.timestampUnit) };
        const request = send(options, values, signatureOf(options, values));
        if (!isEvent(provider, request)) return;
        taken += 1;
        for (const resplit of resplits(options.signed, values)) {
          if (/\s/.test(resplit.url)) continue;
          others += 1;
          const forged = send(options, resplit, signatureOf(options, values));
          assert.equal(isEvent(provider, forged), false, JSON.stringify([options.signed, values, resplit]));
        }
      }),
      { numRuns: 5 * RUNS },
    );
    assert.ok(taken > RUNS && others > RUNS, `${taken} taken, ${others} others`);
  });
});

type Values = Readonly<Record<'body' | 'id' | 'url' | 'timestamp', string>>;
type Signed = { readonly signed: string; readonly prefix: string; readonly algorithm: string } & Record<
  string,
  unknown
>;

function timeOf(unit = 's'): string {
  if (unit === 'iso') return new Date(NOW).toISOString();
  return String(unit === 'ms' ? NOW : NOW / 1_000);
}

function isEvent(provider: Provider, request: ReceivedRequest): boolean {
  return provider.verify(request, [SECRET], NOW).verified && provider.identify(request).kind === 'event';
}

/** By Node's crypto and the words of the documentation alone. */
function signatureOf({ signed, prefix, algorithm, key, encoding }: Signed, values: Values): string {
  const text = signed.replaceAll(/\{(\w+)\}/g, (_, name: keyof Values) => values[name]);
  const hmac = createHmac(algorithm, Buffer.from(SECRET, key === 'hex' || key === 'base64' ? key : 'utf8'));
  return prefix + hmac.update(text).digest(encoding === 'base64' ? 'base64' : 'hex');
}

function send(options: Signed, { body, id, url, timestamp }: Values, signature: string): ReceivedRequest {
  const isJson = /^\s*[[{"\d]/.test(body) && !options.signed.includes('{id}');
  const type = options.signed.includes('{url}') || isJson ? 'application/json' : 'text/plain';
  return post(
    [
      ['Content-Type', type],
      ['X-Signature', signature],
      ['X-Time', timestamp],
      ['X-Id', id],
    ],
    body,
    url,
  );
}

/** Other values that make the same text: what stands between two of them is found at another place too. */
function* resplits(signed: string, values: Values): Generator<Values> {
  const pieces = signed.split(/\{(\w+)\}/); // text, name, text, name, …, text
  for (let at = 1; at + 2 < pieces.length; at += 2) {
    const [left, between, right] = pieces.slice(at, at + 3) as [keyof Values, string, keyof Values];
    const whole = values[left] + between + values[right];
    for (let start = 1; start + between.length < whole.length; start += 1) {
      if (start === values[left].length || !whole.startsWith(between, start)) continue;
      yield { ...values, [left]: whole.slice(0, start), [right]: whole.slice(start + between.length) };
    }
  }
}
