import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { describeFailures, ledgerFigures, startClusterLoad } from '../src/cluster/cluster-load.ts';
import { noteFigures, seconds } from '../src/cluster/figures.ts';
import { isReady, type Pod, waitForPods } from '../src/cluster/kubectl.ts';
import type { Values } from '../src/cluster/release.ts';
import { imageOf, NEXT_IMAGE_VARIABLE } from '../src/cluster/settings.ts';
import { componentSelector, openStage, type Stage } from '../src/cluster/stage.ts';
import { appliedMigrations, exposedByIngress } from '../src/cluster/release-state.ts';

/** So much that each pod always has requests under way, and two cores have room for all else that a rollout starts. */
const RATE = 40;
/** Accepted before an operation and behind it: the old pods serve, and so do the new ones. */
const AROUND = 3 * RATE;
const REPLICAS = 2;
const COMPONENTS = ['ingress', 'processor'] as const;

describe('under constant load through the ingress host no request fails and nothing is lost', () => {
  let stage: Stage;
  let values: Values;

  before(async () => {
    values = {
      expose: await exposedByIngress(),
      ingress: { replicas: REPLICAS },
      processor: { replicas: REPLICAS },
    };
    stage = await openStage('rollouts');
    await stage.show(async () => {
      await stage.release.install(values);
      await settled();
    });
  });
  after(() => stage?.[Symbol.asyncDispose]());

  /** All pods are there and ready, and those that ended are gone. */
  async function settled(): Promise<readonly Pod[]> {
    const pods = await Promise.all(
      COMPONENTS.map(component =>
        waitForPods(stage.kubectl, { selector: componentSelector(component), ready: REPLICAS }),
      ),
    );
    return pods.flat();
  }

  async function keepsServing(table: string, operation: () => Promise<void>): Promise<void> {
    await stage.show(async () => {
      const before = new Set((await settled()).map(pod => pod.metadata.uid));
      await using run = startClusterLoad(stage, { rate: RATE });
      await run.acceptMore(AROUND);
      const startedAt = performance.now();
      await operation();
      const pods = await settled();
      const operationMs = performance.now() - startedAt;
      await run.acceptMore(AROUND);
      const ledger = await run.settle();
      const replaced = pods.filter(pod => !before.has(pod.metadata.uid)).length;
      noteFigures(table, { took: seconds(operationMs), 'pods replaced': replaced, ...ledgerFigures(ledger) });
      assert.equal(ledger.failed.length, 0, describeFailures(ledger, run.load.attempts));
      assert.deepEqual(
        { lost: ledger.lost, twice: ledger.storedTwice, undelivered: ledger.undelivered },
        { lost: 0, twice: 0, undelivered: 0 },
      );
    });
  }

  it('while both are restarted', () =>
    keepsServing('Under load: `kubectl rollout restart`', async () => {
      for (const component of COMPONENTS)
        await stage.kubectl.run(['rollout', 'restart', `deployment/ackline-${component}`]);
      for (const component of COMPONENTS)
        await stage.kubectl.run(['rollout', 'status', `deployment/ackline-${component}`, '--timeout=300s']);
    }));

  it('while a pod of each is deleted', () =>
    keepsServing('Under load: `kubectl delete pod`', async () => {
      for (const component of COMPONENTS) {
        const [pod] = await stage.kubectl.pods(componentSelector(component));
        await stage.kubectl.run(['delete', 'pod', pod?.metadata.name ?? '', '--wait=false']);
      }
    }));

  it('while the node is drained: it stops at the disruption budget, and goes on once pods may start again', () =>
    keepsServing('Under load: `kubectl drain`, then `uncordon`', async () => {
      const pods = await stage.kubectl.pods(componentSelector('ingress'));
      const node = pods[0]?.spec.nodeName ?? '';
      let said = '';
      const drained = stage.kubectl.attempt(
        [
          'drain',
          node,
          '--pod-selector=app.kubernetes.io/instance=ackline',
          '--delete-emptydir-data',
          '--ignore-daemonsets',
          '--timeout=280s',
        ],
        { onStderr: text => (said += text) },
      );
      try {
        await waitFor(() => said.includes('disruption budget'), {
          timeoutMs: 120_000,
          what: 'the drain to stop',
        });
        const left = await stage.kubectl.pods(componentSelector('ingress'));
        assert.ok(left.some(isReady), 'one serves on');
      } finally {
        await stage.kubectl.run(['uncordon', node]);
      }
      const { code, stdout, stderr } = await drained;
      assert.equal(code, 0, stdout + stderr);
    }));

  it('while it is upgraded to a release with a newer schema, and rolled back to the one before', async () => {
    const before = await stage.release.revision();
    const schemaBefore = await stage.withDatabase(appliedMigrations);
    await keepsServing('Under load: `helm upgrade`, with a migration', async () => {
      await stage.release.install(values, imageOf(NEXT_IMAGE_VARIABLE));
    });
    assert.equal(await stage.withDatabase(appliedMigrations), schemaBefore + 1);
    await keepsServing('Under load: `helm rollback`, to the build with the schema before', () =>
      stage.release.rollback(before),
    );
    assert.equal(await stage.withDatabase(appliedMigrations), schemaBefore + 1, 'migrations only go forward');
  });
});
