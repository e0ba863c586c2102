import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteConfig } from '@ackline/shared/config/types';
import { createPayloads } from '../../src/delivery/payloads.ts';
import { routeConfig } from '../configs.ts';

const TRANSFORM = { text: '1' } as never;
const EVENT = { id: 'd', route: 'new', meta: { headers: [] } as never, body: new Uint8Array() };
const BOUNDS = { timeoutMs: 1_000, stop: new AbortController().signal };

function setUp(...names: readonly string[]) {
  let time = 0;
  let routes = new Map<string, RouteConfig>();
  const reload = (known: readonly string[]) => {
    routes = new Map(known.map(name => [name, routeConfig({ name, transform: TRANSFORM })]));
  };
  reload(names);
  const payloads = createPayloads({
    rules: () => ({ routes }),
    transformer: { transform: () => Promise.resolve({ kind: 'done', body: Buffer.from('made') }) },
    unknownRouteWaitMs: 60_000,
    now: () => time,
  });
  return {
    reload,
    at: (ms: number) => {
      time = ms;
    },
    make: async (destination = 'crm') => {
      const made = await payloads.make(EVENT, { name: destination }, BOUNDS);
      if (made === null) return 'as it came';
      return 'kind' in made ? made.errorClass : Buffer.from(made.body).toString();
    },
  };
}

describe('the body of a delivery whose route this process does not know', () => {
  it('waits for a newer file, and is made by it', async () => {
    const { make, reload, at } = setUp('old');
    assert.equal(await make(), 'transform-busy');
    at(59_999);
    assert.equal(await make('elsewhere'), 'transform-busy');
    reload(['old', 'new']);
    assert.equal(await make(), 'made');
  });

  it('goes out as it came once no newer file can be on its way, or parks where others are transformed', async () => {
    const { make, at } = setUp('old');
    await make();
    at(60_000);
    assert.deepEqual([await make('elsewhere'), await make('crm')], ['as it came', 'transform-gone']);
  });

  it('waits anew after the route was there', async () => {
    const { make, reload, at } = setUp('old');
    await make();
    at(60_000);
    reload(['new']);
    assert.equal(await make(), 'made');
    reload(['old']);
    assert.equal(await make(), 'transform-busy');
  });
});
