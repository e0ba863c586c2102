import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStreamPlaces, MAX_CLIENTS, MAX_OF_CALLER, TURN_MS } from '../../src/live/stream-places.ts';

const BUSY = { code: 'ACKLINE_CONSOLE_BUSY' };

/** Places that say who has them, as `tenant/caller`. */
function seen() {
  let now = 0;
  const places = createStreamPlaces(() => now);
  const held: { readonly who: string; readonly given: AbortSignal }[] = [];
  return {
    take: (who: string, times = 1) => {
      const [tenant = '', name = who] = who.split('/');
      const took = Array.from({ length: times }, () =>
        places.take({ name, tenant: tenant === 'all' ? null : tenant }),
      );
      held.push(...took.map(({ given }) => ({ who, given })));
      return took;
    },
    pass: (ms: number) => void (now += ms),
    count: (whose: string) => held.filter(({ who, given }) => !given.aborted && who.startsWith(whose)).length,
    gave: () => held.filter(({ given }) => given.aborted).map(({ who }) => who),
  };
}

describe('places of live streams', () => {
  it('are a few for each caller, and a caller of the same name of another tenant has its own', () => {
    const { take } = seen();
    take('crimson/one', MAX_OF_CALLER);
    assert.throws(() => take('crimson/one'), BUSY);
    take('crimson/two');
    take('azure/one');
  });

  it('are all of one tenant’s while nobody else wants them', () => {
    const { take, count } = seen();
    for (let n = 0; n * MAX_OF_CALLER < MAX_CLIENTS; n++) take(`crimson/${n}`, MAX_OF_CALLER);
    assert.equal(count('crimson'), MAX_CLIENTS);
  });

  it('go to a tenant that has fewer, however many have all of them together, and those of all tenants are one', () => {
    const { take, count } = seen();
    for (const tenant of ['crimson', 'azure']) for (const n of [1, 2]) take(`${tenant}/${n}`, MAX_OF_CALLER);
    take('jade/1');
    take('all/sre');
    assert.deepEqual([count('crimson'), count('azure'), count('jade'), count('all')], [9, 9, 1, 1]);
    for (let n = 0; n < 4; n++) take('all/sre');
    for (let n = 0; n < 4; n++) take('jade/1');
    assert.deepEqual([count('crimson'), count('azure'), count('jade'), count('all')], [5, 5, 5, 5]);
    for (const who of ['crimson/1', 'azure/2']) assert.throws(() => take(who), BUSY, who);
  });

  it('are given by who has most, the oldest first, and then do not go to and fro', () => {
    const { take, gave } = seen();
    const full = ['crimson/1', 'crimson/2', 'azure/1', 'azure/2'];
    const first = full.map(who => take(who, MAX_OF_CALLER)[0]);
    take('jade/1', 4);
    assert.deepEqual(gave(), full);
    assert.ok(first.every(place => place?.given.aborted));
    for (const who of gave()) assert.throws(() => take(who), BUSY, who);
  });

  it('of a tenant go to its caller who has fewer', () => {
    const { take, count } = seen();
    for (const who of ['crimson/1', 'crimson/2', 'azure/1', 'azure/2']) take(who, MAX_OF_CALLER);
    take('crimson/3');
    take('crimson/3');
    assert.deepEqual([count('crimson/1'), count('crimson/2'), count('crimson/3')], [4, 4, 2]);
    assert.equal(count('azure'), 10);
  });

  it('are taken in turns where more tenants want one than there are, each for a while', () => {
    const { take, pass, gave } = seen();
    for (let n = 0; n < MAX_CLIENTS; n++) take(`tenant-${n}/one`);
    pass(TURN_MS - 1);
    assert.throws(() => take('late/one'), BUSY);
    pass(1);
    take('late/one');
    assert.deepEqual(gave(), ['tenant-0/one']);
    assert.throws(() => take('late/one'), BUSY, 'it has one');
    take('tenant-1/two');
    assert.deepEqual(gave(), ['tenant-0/one', 'tenant-1/one']);
  });

  it('are given back once, whoever has got one meanwhile', () => {
    const { take, count } = seen();
    const [first] = take('crimson/1', MAX_OF_CALLER);
    for (const n of [2, 3, 4]) take(`crimson/${n}`, MAX_OF_CALLER);
    take('azure/1');
    assert.equal(first?.given.aborted, true);
    first?.leave();
    take('azure/1');
    assert.equal(count(''), MAX_CLIENTS);
  });
});
