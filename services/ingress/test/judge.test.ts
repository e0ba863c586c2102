import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { providers } from '@ackline/shared/providers/registry';
import { identify, type Judgement, prove } from '../src/judge.ts';
import { endpointOf } from './support/endpoint.ts';

const NOW = 1_800_000_000_000;
const TOKEN = 'current-token';

function judged(
  body: string,
  headers: HeaderPairs = [['X-Telegram-Bot-Api-Secret-Token', TOKEN]],
): Judgement {
  const endpoint = endpointOf({ tenant: 'acme' });
  const request = { method: 'POST', url: 'https://h/webhook/telegram', headers, body: Buffer.from(body) };
  const proven = prove(endpoint, request, ['old-token', TOKEN], NOW);
  if (proven.kind !== 'proven') return proven;
  return identify({ endpoint, request, proven, now: NOW, newEventId: () => 'new-id', traceparent: null });
}

function eventOf(body: string) {
  const judgement = judged(body);
  assert.ok(judgement.kind === 'event');
  return judgement.event;
}

describe('prove and identify', () => {
  it("hold a signed time against the source's tolerance", () => {
    const secret = 'whsec_of-an-endpoint-of-stripe';
    const sample = providers.get('stripe')?.sample({ url: 'https://h/', secret, sequence: 1, now: NOW });
    assert.ok(sample);
    const request = { method: 'POST', url: 'https://h/', ...sample };
    const kindAt = (toleranceMs: number, now: number) =>
      prove(endpointOf({ provider: 'stripe', toleranceMs }), request, [secret], now).kind;
    assert.equal(kindAt(60_000, NOW + 60_000), 'proven');
    assert.equal(kindAt(60_000, NOW + 61_000), 'refused');
    assert.equal(kindAt(600_000, NOW + 600_000), 'proven');
  });

  it('make the event of a proven request', () => {
    const body = '{"update_id":5,"message":{"chat":{"id":7},"date":1700000000}}';
    const { dedupKey, body: kept, headers, ...rest } = eventOf(body);
    assert.match(dedupKey, /^5/);
    assert.equal(Buffer.from(kept).toString(), body);
    assert.deepEqual(headers, [['X-Telegram-Bot-Api-Secret-Token', 'secret:1']]);
    assert.deepEqual(rest, {
      id: 'new-id',
      source: 'telegram',
      tenant: 'acme',
      provider: 'telegram',
      type: 'message',
      orderingKey: '7',
      occurredAt: 1_700_000_000_000,
      receivedAt: NOW,
      method: 'POST',
      url: 'https://h/webhook/telegram',
      priority: 'normal',
      traceparent: null,
      notBefore: null,
    });
  });

  it('keep out a secret token that came beside the signature which proved the request', () => {
    const signing = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const sample = providers.get('gitlab')?.sample({
      url: 'https://h/',
      secret: signing,
      sequence: 1,
      now: NOW,
    });
    assert.ok(sample);
    const endpoint = endpointOf({ provider: 'gitlab' });
    const headers: HeaderPairs = [...sample.headers, ['X-Gitlab-Token', TOKEN]];
    const request = { method: 'POST', url: 'https://h/', headers, body: sample.body };
    const proven = prove(endpoint, request, [TOKEN, signing], NOW);
    assert.ok(proven.kind === 'proven');
    assert.equal(proven.secretIndex, 1);
    const made = identify({ endpoint, request, proven, now: NOW, newEventId: () => 'id', traceparent: null });
    assert.ok(made.kind === 'event');
    assert.deepEqual(made.event.headers, [...sample.headers, ['X-Gitlab-Token', 'secret:other']]);
  });

  it('put no token on record in the header that the options of its source name', () => {
    const endpoint = endpointOf({
      provider: 'generic',
      options: { scheme: 'token', header: 'Authorization', prefix: 'Bearer ' },
    });
    const headers: HeaderPairs = [
      ['Content-Type', 'application/json'],
      ['authorization', `Bearer ${TOKEN}`],
    ];
    const request = { method: 'POST', url: 'https://h/', headers, body: Buffer.from('{"type":"paid"}') };
    const proven = prove(endpoint, request, ['old-token', TOKEN], NOW);
    assert.ok(proven.kind === 'proven');
    const judgement = identify({
      endpoint,
      request,
      proven,
      now: NOW,
      newEventId: () => 'new-id',
      traceparent: null,
    });
    assert.ok(judgement.kind === 'event');
    assert.deepEqual([judgement.event.type, judgement.event.dedupKey], ['paid', 'new-id']);
    assert.deepEqual(judgement.event.headers, [
      ['Content-Type', 'application/json'],
      ['authorization', 'secret:1'],
    ]);
  });

  it('take the id of the event itself where the provider gives none that can be trusted', () => {
    assert.equal(eventOf('{"message":{"chat":{"id":7}}}').dedupKey, 'new-id');
  });

  it("say with which secret the request was proven, and whether its id is the provider's", () => {
    const known = judged('{"update_id":5,"message":{"chat":{"id":7}}}');
    assert.ok(known.kind === 'event');
    assert.deepEqual([known.secret, known.hasProviderId], [TOKEN, true]);
    const unknown = judged('{"message":{"chat":{"id":7}}}');
    assert.ok(unknown.kind === 'event');
    assert.equal(unknown.hasProviderId, false);
  });

  it('answer a look that shows nothing of a proof, of either kind', () => {
    const endpoint = endpointOf({ provider: 'slack' });
    const provider = { ...endpoint.provider, otherProofHeaders: ['X-Other-Proof'] } as const;
    const look = (...proofs: HeaderPairs) =>
      prove(
        { ...endpoint, provider },
        {
          method: 'POST',
          url: 'https://h/',
          headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...proofs],
          body: Buffer.from('ssl_check=1'),
        },
        [TOKEN],
        NOW,
      ).kind;
    assert.equal(look(), 'challenge');
    for (const name of ['x-slack-signature', 'X-Slack-Request-Timestamp', 'x-other-proof'])
      assert.equal(look([name, 'x']), 'refused', name);
  });

  it('refuse for now what is signed with a certificate that is not known, and for good what names one elsewhere', () => {
    const webhookId = '8PT597110X687430L';
    const sample = providers
      .get('paypal')
      ?.sample({ url: 'https://h/', secret: webhookId, sequence: 1, now: NOW });
    assert.ok(sample);
    const codeOf = (url: string) => {
      const headers = sample.headers.map(([name, value]): [string, string] => [
        name,
        name === 'Paypal-Cert-Url'
          ? url
          : name === 'Paypal-Transmission-Sig'
            ? `${'A'.repeat(342)}==`
            : value,
      ]);
      const request = { method: 'POST', url: 'https://h/', headers, body: Buffer.from('not json') };
      const proven = prove(endpointOf({ provider: 'paypal' }), request, [webhookId], NOW);
      return proven.kind === 'refused' ? [proven.code, proven.reason] : proven.kind;
    };
    const at = 'https://api.paypal.com/v1/notifications/certs/CERT-1';
    assert.deepEqual(codeOf(at), ['ACKLINE_CERTIFICATE_UNKNOWN', 'certificate_unknown']);
    assert.deepEqual(codeOf(at.replace('api.', 'evil.')), [
      'ACKLINE_BAD_SIGNATURE',
      'certificate_url_refused',
    ]);
  });

  it('ask for the proof before they look into the body', () => {
    const judgement = judged('not json', [['X-Telegram-Bot-Api-Secret-Token', 'wrong']]);
    assert.deepEqual(judgement, {
      kind: 'refused',
      code: 'ACKLINE_BAD_SIGNATURE',
      reason: 'wrong_signature',
      detail: null,
    });
  });

  it('refuse an empty body, and one that the provider can not have sent', () => {
    const codes = ['', '[1]', '{"a"'].map(body => {
      const judgement = judged(body);
      return judgement.kind === 'refused' ? judgement.code : 'accepted';
    });
    assert.deepEqual(codes, ['ACKLINE_EMPTY_BODY', 'ACKLINE_MALFORMED', 'ACKLINE_MALFORMED']);
  });
});
