import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeChart, MINIMAL, renderIn } from './support/chart.ts';
import { type Claim, openCluster } from './support/cluster.ts';
import { namesOf } from './support/manifests.ts';

const claim = (ordinal: number, { release = 'ackline', name = 'ackline' } = {}): Claim => ({
  name: `spool-${name}-ingress-${ordinal}`,
  labels: { 'app.kubernetes.io/instance': release },
});

/** The drains of a release with these values in a cluster that has these volumes. */
async function drains(claims: readonly Claim[], ingress: object): Promise<readonly string[]> {
  await using cluster = await openCluster(claims);
  const { manifests } = await renderIn(cluster, MINIMAL, { database: { maxConnections: 500 }, ingress });
  return namesOf(manifests, 'CronJob').map(name => name.replace('ackline-drain-', ''));
}

const persistent = { enabled: true, persistence: { enabled: true } };

describeChart('volumes that a cluster has', () => {
  it('are drained where replicas were taken away, and those of replicas are not', async () => {
    const claims = [claim(0), claim(1), claim(2), claim(3)];
    assert.deepEqual(await drains(claims, { replicas: 2, spool: persistent }), ['2', '3']);
  });

  it('are drained where autoscaling was turned off, or its highest count was lowered', async () => {
    const claims = [claim(0), claim(5)];
    const autoscaling = { enabled: true, minReplicas: 2, maxReplicas: 3 };
    assert.deepEqual(await drains(claims, { autoscaling, spool: persistent }), ['2', '5']);
  });

  it('are drained once nothing persists any more', async () => {
    assert.deepEqual(await drains([claim(0), claim(1)], {}), ['0', '1']);
  });

  it('are left alone where they are of another release', async () => {
    const others = [
      claim(4, { release: 'other' }),
      claim(4, { name: 'my-ackline' }),
      { name: 'data-postgres-4' },
    ];
    assert.deepEqual(await drains(others, { spool: persistent }), []);
  });
});
