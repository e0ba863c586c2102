import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DueFlow } from '@ackline/store/delivery-claims';
import { liveTurn, shareOut, slotsForReplays } from '../../src/delivery/claim-quotas.ts';

const flow = (tenant: string, priority: DueFlow['priority'] = 'normal'): DueFlow => ({
  destination: 'crm',
  tenant,
  priority,
});
const quotas = (flows: readonly DueFlow[], slots: number, turn = 0) =>
  shareOut(flows, slots, turn).map(({ tenant, priority, quota }) => `${tenant} ${priority} ${quota}`);

describe('the slots of a claim', () => {
  it('are shared evenly between tenants', () => {
    assert.deepEqual(quotas([flow('a'), flow('b'), flow('c')], 8), [
      'a normal 3',
      'b normal 3',
      'c normal 2',
    ]);
    assert.deepEqual(quotas([flow('a')], 50), ['a normal 50']);
    assert.deepEqual(quotas([], 50), []);
  });

  it('go to high priority first, and are asked for twice at most', () => {
    const flows = [flow('a', 'high'), flow('a'), flow('b', 'high'), flow('b')];
    assert.deepEqual(quotas(flows, 4), ['a high 2', 'b high 2', 'a normal 2', 'b normal 2']);
  });

  it('go round where there are more tenants than slots', () => {
    const tenants = ['a', 'b', 'c', 'd', 'e'].map(tenant => flow(tenant));
    const served = [0, 1, 2, 3, 4].flatMap(turn => quotas(tenants, 2, turn));
    for (const { tenant } of tenants) {
      assert.equal(served.filter(text => text.startsWith(tenant)).length, 2, tenant);
    }
  });

  it('are left to replays in part: a tenth, or one now and then', () => {
    const turns = Array.from({ length: 10 }, (_, turn) => turn);
    assert.deepEqual(new Set(turns.map(turn => slotsForReplays(50, turn))), new Set([5]));
    assert.equal(
      turns.map(turn => slotsForReplays(1, turn)).reduce((sum, n) => sum + n),
      1,
    );
    assert.equal(slotsForReplays(0, 0), 0);
  });

  it('reach every tenant beside replays, also one at a time', () => {
    const tenants = Array.from({ length: 10 }, (_, index) => flow(`tenant-${index}`));
    const served = new Map<string, number>();
    for (let turn = 1; turn <= 1_000; turn += 1) {
      for (const { tenant } of shareOut(tenants, 1 - slotsForReplays(1, turn), liveTurn(turn))) {
        served.set(tenant, (served.get(tenant) ?? 0) + 1);
      }
    }
    assert.deepEqual(new Set(served.values()), new Set([90]));
    assert.equal(served.size, 10);
  });
});
