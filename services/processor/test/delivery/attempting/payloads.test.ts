import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteConfig } from '@ackline/shared/config/types';
import { createPayloads } from '../../../src/delivery/attempting/payloads.ts';
import { createUnknownNames } from '../../../src/delivery/attempting/unknown-names.ts';
import { routeConfig } from '../../configs.ts';

const TRANSFORM = { text: '1' } as never;
const EVENT = { id: 'd', route: 'new', meta: { headers: [] } as never, body: new Uint8Array() };
/** As releases before it stored them. */
const UNKNOWN = null;
const LIMIT = () => new AbortController().signal;

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
    unknownRoutes: createUnknownNames({ waitMs: 60_000, now: () => time }),
  });
  return {
    reload,
    at: (ms: number) => {
      time = ms;
    },
    make: async (destination = 'crm', transforms: boolean | null = UNKNOWN) => {
      const made = await payloads.make({ ...EVENT, transforms }, { name: destination }, LIMIT);
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

  it('waits where its route had a transform, and then parks whatever else its destination gets', async () => {
    const { make, at } = setUp('old');
    assert.equal(await make('elsewhere', true), 'transform-busy');
    at(60_000);
    assert.deepEqual(
      [await make('elsewhere', true), await make('crm', true)],
      ['transform-gone', 'transform-gone'],
    );
  });

  it('goes out as it came, and at once, where its route had none', async () => {
    const { make } = setUp('old');
    assert.deepEqual(
      [await make('elsewhere', false), await make('crm', false)],
      ['as it came', 'as it came'],
    );
  });

  it('is made by the route of the file, whatever the one was that it was stored for', async () => {
    const { make } = setUp('new');
    assert.deepEqual([await make('crm', false), await make('crm', true)], ['made', 'made']);
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
