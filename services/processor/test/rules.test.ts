import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteMatch } from '@ackline/shared/config/types';
import { createRules } from '../src/rules.ts';
import { routeConfig, sourceConfig } from './configs.ts';

const sources = [
  sourceConfig({ name: 'one', tenant: 'a' }),
  sourceConfig({ name: 'two', tenant: 'a' }),
  sourceConfig({ name: 'three', tenant: 'b' }),
];
const shared = (...matches: readonly Partial<RouteMatch>[]) =>
  createRules({
    sources,
    tenants: [],
    destinations: [],
    routes: matches.map(match => {
      const route = routeConfig();
      return { ...route, match: { ...route.match, ...match } };
    }),
  }).shared;

describe('a destination is shared', () => {
  it('where routes bring events of more than one tenant to it', () => {
    assert.deepEqual(shared({}), new Set(['crm']));
    assert.deepEqual(shared({ source: 'one' }, { tenant: 'b' }), new Set(['crm']));
  });

  it('and not where all that it gets is of one tenant, from however many sources', () => {
    assert.deepEqual(shared({ tenant: 'a' }), new Set());
    assert.deepEqual(shared({ source: 'one' }, { source: 'two' }), new Set());
    assert.deepEqual(shared({ source: 'one', tenant: 'b' }, { source: 'three' }), new Set());
    assert.deepEqual(shared(), new Set());
  });
});

describe('the weight of a tenant', () => {
  it('is known where the file has it', () => {
    const { weights } = createRules({
      sources,
      routes: [],
      destinations: [],
      tenants: [{ name: 'a', weight: 3 }],
    });
    assert.deepEqual(weights, new Map([['a', 3]]));
  });
});

describe('the provider of an event', () => {
  const { providerOf } = createRules({
    sources: [
      sourceConfig({ name: 'shop', provider: 'generic', options: { scheme: 'token', header: 'X-Key' } }),
      sourceConfig({ name: 'chat' }),
    ],
    tenants: [],
    destinations: [],
    routes: [],
  });
  const bearerOf = (source: string, provider: string) => providerOf({ source, provider })?.bearerHeaders;

  it('is that of its source, with its options', () => {
    assert.deepEqual(bearerOf('shop', 'generic'), ['x-key']);
    assert.deepEqual(bearerOf('chat', 'telegram'), ['x-telegram-bot-api-secret-token']);
  });

  it('is the one that took it, where its source is not known here, or has another one by now', () => {
    assert.deepEqual(bearerOf('shop', 'telegram'), ['x-telegram-bot-api-secret-token']);
    for (const source of ['chat', 'late']) assert.deepEqual(bearerOf(source, 'generic'), []);
    assert.equal(providerOf({ source: 'shop', provider: 'gone' }), undefined);
  });
});
