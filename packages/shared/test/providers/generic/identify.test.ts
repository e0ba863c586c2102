import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';

import type { Provider, ReceivedRequest } from '../../../src/provider.ts';
import { providerOf } from '../../../src/providers/registry.ts';
import { fixture, identityOf, post, withBody } from '../support/requests.ts';

const ORDER = fixture('generic/order-paid.json');
const JSON_TYPE = ['Content-Type', 'application/json'] as const;

function generic(options: Record<string, unknown>): Provider {
  const provider = providerOf({ provider: 'generic', options });
  assert.ok(provider !== undefined, JSON.stringify(options));
  return provider;
}

describe('generic identify', () => {
  const POINTERS = { id: '/event/id', type: '/event/type', orderingKey: '/order/number' };
  const of = (options: Record<string, unknown>, request: ReceivedRequest = post([JSON_TYPE], ORDER)) =>
    identityOf(generic(options), request);

  it('reads id, type and ordering key by pointers; a signed id alone makes a repeat', () => {
    assert.deepEqual(of(POINTERS), {
      type: 'order.paid',
      dedupKey: '9007199254740993',
      orderingKey: 'A-1042',
      occurredAt: null,
      priority: 'normal',
    });
  });

  it('goes through lists and escapes, and into nothing that is inherited', () => {
    assert.equal(of({ type: '/lines/0/sku' }).type, 'm/8~x');
    const body = '{"a/b":{"~":"deep"},"":"empty","list":["x"]}';
    const at = (type: string) => of({ type }, post([JSON_TYPE], body)).type;
    assert.deepEqual(['/a~1b/~0', '/', '/list/0'].map(at), ['deep', 'empty', 'x']);
    for (const none of [
      '/list/00',
      '/list/1',
      '/list/length',
      '/list/-',
      '/__proto__/x',
      '/constructor/name',
      '/a~1b',
    ])
      assert.equal(at(none), 'unknown', none);
  });

  it('reads headers that are there once and visible, and takes no unsigned id alone for a repeat', () => {
    const headers = (id: string, ...more: (readonly [string, string])[]) =>
      post([JSON_TYPE, ['x-event', 'paid'], ['X-Customer', 'ada'], ['X-Id', id], ...more], ORDER);
    const options = { id: 'X-Id', type: 'X-Event', orderingKey: 'x-customer' };
    const key = `1|${hash('sha256', ORDER, 'hex').slice(0, 32)}`;
    const identity = of(options, headers('1'));
    assert.deepEqual([identity.type, identity.dedupKey, identity.orderingKey], ['paid', key, 'ada']);
    assert.notEqual(of(options, withBody(headers('1'), Buffer.from('{}'))).dedupKey, key);
    for (const request of [
      headers(''),
      headers('a b'),
      headers('1', ['X-ID', '1']),
      headers('x'.repeat(257)),
    ])
      assert.equal(of(options, request).dedupKey, null);
  });

  it('gives no dedup key without an id: what looks the same may be an event of its own', () => {
    assert.equal(of({}).dedupKey, null);
    assert.equal(of({ id: '/event' }).dedupKey, null);
  });

  it('takes what is no JSON as it is, and of JSON only what has an end of its own', () => {
    const options = { contentTypes: ['application/json', 'application/xml', 'application/vnd.x+json'] };
    const kindOf = (type: string, body: string) =>
      generic(options).identify(post([['Content-Type', type]], body)).kind;
    assert.equal(kindOf('application/xml; charset=utf-8', '<a/>'), 'event');
    assert.equal(kindOf('application/json', '[]'), 'event');
    for (const body of ['5', '"x"', 'null', 'true', '<a/>', ''])
      for (const type of ['application/json', 'Application/VND.x+json; a=b'])
        assert.equal(kindOf(type, body), 'malformed', body);
  });

  it('answers as it is told', () => {
    const answer = (status: number) => generic({ status }).answer(post([], ''));
    assert.deepEqual(answer(202), {
      status: 202,
      contentType: 'application/json',
      body: '{"status":"received"}',
    });
    assert.deepEqual(answer(204), { status: 204, contentType: null, body: '' });
  });
});
