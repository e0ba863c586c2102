import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { newKeysOf } from '@ackline/shared/new-keys';
import { proofHeaderNames } from '@ackline/shared/proof-headers';
import type { Provider } from '@ackline/shared/provider';
import { gitlab } from '@ackline/shared/providers/gitlab';
import { providers } from '@ackline/shared/providers/registry';
import { diagnose, type Examined } from '@ackline/shared/signature-doctor/diagnose';
import { keptRejection, shownHeaders } from '../../src/rejections/kept-rejection.ts';
import type { Rejection } from '../../src/rejections/rejection.ts';
import { sourceConfig } from '../support/endpoint.ts';

const NOW = Date.UTC(2026, 10, 29);
const URL_SIGNED = 'https://hooks.example.com/webhook/x';
const ROUNDS = 2;

type Canaries = Map<string, string>;

/** Of what a sample sends: what is not for its body. */
const isProof = ([name]: HeaderPairs[number]) => name !== 'Content-Type';

/** What went wrong on the way; each hides what is not to be seen in another place. */
const MISHAPS: Readonly<Record<string, (headers: HeaderPairs, canary: string) => HeaderPairs>> = {
  'a header that nobody knows': (headers, canary) => [
    ...headers,
    ['X-Api-Key', canary],
    [`X-${canary}`, 'x'],
  ],
  'a host': (headers, canary) => [...headers, ['Host', `${canary}.example.com`]],
  'what proxies say': (headers, canary) => [
    ...headers,
    ['X-Forwarded-Host', canary],
    ['X-Original-URL', `/a?token=${canary}`],
    ['Forwarded', `host=${canary}`],
    ['X-Forwarded-Prefix', `/${canary}`],
  ],
  'a signature twice': headers => [...headers, ...headers.filter(isProof)],
  'no signature': headers => headers.filter(header => !isProof(header)),
  'an authorization': (headers, canary) => [
    ...headers,
    ['Authorization', `Bearer ${canary}`],
    ['Cookie', canary],
  ],
};

function rowOf(provider: Provider, mishap: keyof typeof MISHAPS, canaries: Canaries) {
  const [sent, own, hidden, text] = [
    newKeysOf(provider).signingKey,
    newKeysOf(provider).secret,
    randomBytes(12).toString('hex'),
    randomBytes(12).toString('hex'),
  ];
  const sample = provider.sample({ url: URL_SIGNED, secret: sent, sequence: 0, now: NOW });
  const headers = MISHAPS[mishap]?.(sample.headers, hidden) ?? [];
  const body = Buffer.concat([Buffer.from(sample.body), Buffer.from(text)]);
  for (const [name, value] of Object.entries({ sent, own, hidden, text })) canaries.set(name, value);
  for (const [name, value] of sample.headers)
    if (proofHeaderNames(provider).includes(name.toLowerCase())) canaries.set(name, value);
  canaries.set('payload', Buffer.from(sample.body).toString().slice(2, 30));
  const source = sourceConfig({ provider: provider.name, path: '/webhook/x' });
  const request = { method: 'POST', url: `http://127.0.0.1/webhook/x?key=${hidden}`, headers, body };
  const rejection: Rejection = {
    requestId: '019ab2c4-0000-4000-8000-000000000001',
    at: NOW,
    endpoint: { path: source.path, source, provider, publicUrl: null },
    request,
    code: 'ACKLINE_BAD_SIGNATURE',
    reason: 'wrong_signature',
    detail: null,
  };
  const secrets = [own, `${sent}\n`];
  const steps = diagnose({
    request,
    provider,
    source: { ...source, publicUrl: null },
    secrets,
    others: [{ source: 'b', secrets: [sent] }],
    providers: providers.values(),
    now: NOW,
    reason: 'wrong_signature',
    detail: null,
  });
  return keptRejection(rejection, {
    examined: toEnd(steps),
    secrets: 2,
    shown: shownHeaders(providers.values()),
  });
}

function toEnd(steps: Generator<void, Examined>): Examined {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

describe('what is kept of a refused request', () => {
  for (const provider of providers.values())
    it(`of ${provider.name} holds no secret, signature, payload, query, or value of a header, whatever went wrong`, () => {
      const codes = new Set<string>();
      for (let round = 0; round < ROUNDS; round += 1)
        for (const mishap of Object.keys(MISHAPS)) {
          const canaries: Canaries = new Map();
          const row = rowOf(provider, mishap, canaries);
          codes.add(row.diagnosis);
          const text = JSON.stringify(row);
          for (const [name, value] of canaries)
            assert.ok(!text.includes(value), `${name} after ${mishap}: ${text}`);
        }
      assert.ok(codes.size > 0);
    });

  it('has the headers of either kind of proof among the known ones', () => {
    const shown = shownHeaders([gitlab]);
    for (const name of ['x-gitlab-token', 'webhook-signature', 'webhook-id', 'webhook-timestamp'])
      assert.ok(shown.has(name), name);
    assert.ok(!shown.has('x-hub-signature-256'));
  });

  it('has known headers with their lengths, and counts the others', () => {
    const row = rowOf(providers.get('telegram') as Provider, 'an authorization', new Map());
    assert.deepEqual(row.headers.others, 2);
    assert.deepEqual(row.headers.known[0], ['Content-Type', 16]);
  });
});
