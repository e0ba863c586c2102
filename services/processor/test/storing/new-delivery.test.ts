import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import { newDelivery } from '../../src/storing/new-delivery.ts';

const event = {
  id: 'event-1',
  seq: '7',
  storedDay: '2026-01-02',
  source: 'shop',
  tenant: 'acme',
  orderingKey: 'order-1',
  priority: 'high',
  bodyBytes: 12,
  notBefore: 1_795_372_860_000,
} as const;
const route = {
  name: 'shop-to-crm',
  destination: 'crm',
  priority: 'event',
  history: 'all',
  transform: null,
} as const;

const deliver = (orderingKey: string | null, ordering: DestinationConfig['ordering']) =>
  newDelivery({
    id: 'delivery-1',
    event: { ...event, orderingKey },
    route,
    destinations: new Map([['crm', { ordering }]]),
  });

describe('a new delivery', () => {
  it('says what its route keeps, and whether it makes another body', () => {
    const destinations = new Map([['crm', { ordering: 'none' }]] as const);
    const forgotten = newDelivery({ id: 'd', event, route: { ...route, history: 'failures' }, destinations });
    assert.equal(forgotten.keepHistory, false);
    const transform = { jsonata: 'body', timeoutMs: 250 };
    const transformed = newDelivery({ id: 'd', event, route: { ...route, transform }, destinations });
    assert.equal(transformed.transforms, true);
  });

  it('is of its event and its route, and nobody has it yet', () => {
    assert.deepEqual(deliver('order-1', 'key'), {
      id: 'delivery-1',
      storedDay: '2026-01-02',
      seq: '7',
      eventId: 'event-1',
      source: 'shop',
      tenant: 'acme',
      route: 'shop-to-crm',
      destination: 'crm',
      orderingKey: 'order-1',
      priority: 'high',
      bodyBytes: 12,
      keepHistory: true,
      transforms: false,
      notBefore: 1_795_372_860_000,
      lease: null,
    });
  });

  it('has the priority of its event, unless its route has one', () => {
    const of = (priority: RouteConfig['priority']) =>
      newDelivery({ id: 'delivery-1', event, route: { ...route, priority }, destinations: new Map() })
        .priority;
    assert.deepEqual([of('event'), of('high'), of('normal')], ['high', 'high', 'normal']);
  });

  it('waits for no other where its destination keeps no order, or is not known, or its event has no key', () => {
    assert.equal(deliver('order-1', 'none').orderingKey, null);
    assert.equal(deliver(null, 'key').orderingKey, null);
    const unknown = newDelivery({ id: 'delivery-1', event, route, destinations: new Map() });
    assert.equal(unknown.orderingKey, null);
  });
});
