import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { describeFailures, ledgerFigures, startClusterLoad } from '../src/cluster/cluster-load.ts';
import { type ClusterParts, findClusterParts } from '../src/cluster/cluster-parts.ts';
import { noteFigures, seconds } from '../src/cluster/figures.ts';
import { isReady, waitForPods } from '../src/cluster/kubectl.ts';
import { IMAGE_VARIABLE, imageOf } from '../src/cluster/settings.ts';
import { componentSelector, openStage, type Stage } from '../src/cluster/stage.ts';
import { exposedByIngress } from '../src/cluster/release-state.ts';

/** Far above what the requested CPU of one pod bears. */
const HIGH_RATE = 150;
const SCALE_LIMIT_MS = 300_000;
/** So few that the test can ask for more processors than there are partitions. */
const PARTITIONS = 2;
const LAG_SECONDS = 5;
/** The lag then asks for ten processors. */
const LONG_LAG_SECONDS = 10 * LAG_SECONDS;

/** As the defaults are, but for the times: minutes prove nothing more. */
const SOON = { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 4, periodSeconds: 5 }] };
const BEHAVIOR = { scaleUp: SOON, scaleDown: SOON };

describe('the release scales', () => {
  let stage: Stage;
  let parts: ClusterParts;

  before(async () => {
    parts = await findClusterParts();
    stage = await openStage('scaling');
    await stage.show(async () => {
      await makeTopic(stage);
      await stage.release.install({
        expose: await exposedByIngress(),
        kafka: { brokers: ['kafka:9092'], durability: 'single-node', partitions: PARTITIONS },
        ingress: {
          autoscaling: { enabled: parts.metrics, minReplicas: 1, maxReplicas: 3, behavior: BEHAVIOR },
        },
        processor: {
          autoscaling: {
            mode: parts.keda ? 'keda' : 'none',
            minReplicas: 1,
            maxReplicas: PARTITIONS,
            lagSeconds: LAG_SECONDS,
            pollingIntervalSeconds: 2,
            behavior: BEHAVIOR,
          },
        },
      });
    });
  });
  after(() => stage?.[Symbol.asyncDispose]());

  const readyCount = async (component: string) =>
    (await stage.kubectl.pods(componentSelector(component))).filter(isReady).length;
  const replicasOf = async (component: string) =>
    (await stage.kubectl.get<{ spec: { replicas: number } }>(`deployment/ackline-${component}`)).spec
      .replicas;

  it('ingress pods on CPU, from one to more and back, and no request fails', test =>
    stage.show(async () => {
      if (!parts.metrics) return test.skip('the cluster has no metrics-server');
      await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: 1 });
      await using run = startClusterLoad(stage, { rate: HIGH_RATE });
      const startedAt = performance.now();
      await waitFor(async () => (await readyCount('ingress')) >= 2, {
        timeoutMs: SCALE_LIMIT_MS,
        what: 'a second pod',
      });
      const upMs = performance.now() - startedAt;
      await run.acceptMore(HIGH_RATE);
      const most = await readyCount('ingress');
      const ledger = await run.settle();
      const endedAt = performance.now();
      await waitForPods(stage.kubectl, {
        selector: componentSelector('ingress'),
        ready: 1,
        timeoutMs: SCALE_LIMIT_MS,
      });
      noteFigures('The ingress scales on CPU', {
        'requests a second': HIGH_RATE,
        'from 1 to 2 ready pods after': seconds(upMs),
        'pods under load': most,
        'from the end of the load to 1 pod': seconds(performance.now() - endedAt),
        ...ledgerFigures(ledger),
      });
      assert.equal(ledger.failed.length, 0, describeFailures(ledger, run.load.attempts));
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
    }));

  it('processors on seconds of lag, up to the partitions and no further, and back', test =>
    stage.show(async () => {
      if (!parts.keda) return test.skip('the cluster has no KEDA');
      await waitForPods(stage.kubectl, { selector: componentSelector('processor'), ready: 1 });
      await using run = startClusterLoad(stage, { rate: 20 });
      const watch = watchReplicas(() => replicasOf('processor'));
      const held = await stage.withDatabase(url =>
        holdStoring(url, () => waitUntilScaled(count => run.acceptMore(count))),
      );
      const ledger = await run.settle();
      const endedAt = performance.now();
      await waitForPods(stage.kubectl, {
        selector: componentSelector('processor'),
        ready: 1,
        timeoutMs: SCALE_LIMIT_MS,
      });
      const most = await watch.end();
      noteFigures('Processors scale on lag, through KEDA', {
        'seconds of lag for one processor': LAG_SECONDS,
        'storing was held up for': seconds(held.heldMs),
        [`from 1 to ${PARTITIONS} after`]: seconds(held.value),
        partitions: PARTITIONS,
        'most processors asked for': most,
        'from the last delivery to 1': seconds(performance.now() - endedAt),
        ...ledgerFigures(ledger),
      });
      assert.equal(most, PARTITIONS);
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
    }));

  /** Milliseconds until there are as many processors as partitions; then the lag grows on, far beyond. */
  async function waitUntilScaled(acceptMore: (count: number) => Promise<void>): Promise<number> {
    const startedAt = performance.now();
    const wanted = async () => (await replicasOf('processor')) >= PARTITIONS;
    await waitFor(wanted, { timeoutMs: SCALE_LIMIT_MS, what: 'more processors' });
    const scaledMs = performance.now() - startedAt;
    while (performance.now() - startedAt < LONG_LAG_SECONDS * 1_000) await acceptMore(20);
    return scaledMs;
  }
});

/** Before the release makes it with more: by the Kafka client of the image, since an image of Kafka may leave its tools out. */
async function makeTopic({ kubectl }: Stage): Promise<void> {
  const { repository, tag } = imageOf(IMAGE_VARIABLE);
  const script = `
    import { Admin } from '@platformatic/kafka';
    const admin = new Admin({ clientId: 'make-topic', bootstrapBrokers: ['kafka:9092'] });
    await admin.createTopics({ topics: ['ackline.events.v1'], partitions: ${PARTITIONS}, replicas: 1 });
    await admin.close();`;
  await kubectl.apply(JSON.stringify(nodePod(`${repository}:${tag}`, script)));
  await kubectl.run(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/make-topic', '--timeout=120s']);
}

function nodePod(image: string, script: string): object {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'make-topic' },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'node',
          image,
          imagePullPolicy: 'IfNotPresent',
          workingDir: '/app/packages/eventlog',
          command: ['node', '--input-type=module', '--eval', script],
          securityContext,
        },
      ],
    },
  };
}

/** Nothing is stored while `use` runs: somebody has the table of keys for himself. */
async function holdStoring<T>(url: string, use: () => Promise<T>): Promise<{ value: T; heldMs: number }> {
  const client = new pg.Client({ connectionString: url, application_name: 'ackline-proof' });
  client.on('error', () => undefined); // the query in flight rejects with the same error
  await client.connect();
  try {
    await client.query('begin');
    await client.query('lock table event_keys in share mode');
    const startedAt = performance.now();
    const value = await use();
    return { value, heldMs: performance.now() - startedAt };
  } finally {
    await client.end();
  }
}

/** The highest count that is seen until the end. */
function watchReplicas(read: () => Promise<number>): { end(): Promise<number> } {
  let most = 0;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      most = Math.max(most, await read());
      await delay(1_000, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    async end() {
      over.abort();
      await watching;
      return most;
    },
  };
}
