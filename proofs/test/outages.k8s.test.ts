import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import {
  type ClusterLoad,
  describeFailures,
  ledgerFigures,
  startClusterLoad,
} from '../src/cluster/cluster-load.ts';
import { noteFigures } from '../src/cluster/figures.ts';
import { isReady, restartsOf, waitForPods } from '../src/cluster/kubectl.ts';
import { componentSelector, openStage, type Stage } from '../src/cluster/stage.ts';
import { exposedByIngress, healthOf, readyzOf } from '../src/cluster/release-state.ts';

const RATE = 20;
const AROUND = 3 * RATE;
/** Longer than a liveness probe would bear, if one failed: three tries of ten seconds, with room. */
const LIVENESS_MS = 45_000;

describe('pods that reach one log alone', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage('outages');
    await stage.show(async () => {
      await stage.release.install({ expose: await exposedByIngress() });
    });
  });
  after(() => stage?.[Symbol.asyncDispose]());

  const restarts = async () => restartsOf(await stage.kubectl.pods('app.kubernetes.io/instance=ackline'));
  const isComponentReady = async (component: string) =>
    (await stage.kubectl.pods(componentSelector(component))).some(isReady);

  /** A load on an ingress that uses Kafka: one that comes from another outage may not yet. */
  async function startLoad(options: { resends?: boolean } = {}): Promise<ClusterLoad> {
    await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: 1 });
    await waitForPods(stage.kubectl, { selector: componentSelector('processor'), ready: 1 });
    const run = startClusterLoad(stage, { rate: RATE, ...options });
    const usesKafka = async () => (await healthOf(stage.kubectl)).event_log.tier_in_use === 'kafka';
    await waitFor(usesKafka, { timeoutMs: 120_000, what: 'the ingress to use Kafka' });
    await run.acceptMore(AROUND);
    return run;
  }

  /** Time goes by in which a liveness probe that fails would restart a pod: load goes on meanwhile. */
  async function outlastLiveness(accepting: () => Promise<unknown>): Promise<void> {
    const endsAt = performance.now() + LIVENESS_MS;
    while (performance.now() < endsAt) await accepting();
  }

  it('without Kafka take events into PostgreSQL, a new pod too, and process them; the processor says what is away', () =>
    stage.show(async () => {
      const restartsBefore = await restarts();
      await using run = await startLoad();
      await stage.take('kafka');
      await outlastLiveness(() => run.acceptMore(RATE));
      assert.equal((await readyzOf(stage.kubectl, 'ingress')).status, 200);
      assert.ok(await isComponentReady('ingress'));
      const processor = await readyzOf(stage.kubectl, 'processor');
      assert.equal(processor.status, 503);
      assert.match(processor.body, /kafka/);
      await run.storeMore(AROUND);
      await stage.kubectl.run(['rollout', 'restart', 'deployment/ackline-ingress']);
      await stage.kubectl.run(['rollout', 'status', 'deployment/ackline-ingress', '--timeout=180s']);
      await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: 1 });
      await run.acceptMore(AROUND);
      assert.equal(await restarts(), restartsBefore);
      await stage.giveBack('kafka');
      const ledger = await run.settle();
      noteFigures('Kafka is away', {
        ...ledgerFigures(ledger),
        'restarts by liveness': (await restarts()) - restartsBefore,
        'the processor says': awayIn(processor.body),
      });
      assert.equal(ledger.failed.length, 0, describeFailures(ledger, run.load.attempts));
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
      assert.ok(ledger.fromInbox > 0);
    }));

  it('without PostgreSQL take events into Kafka; the processor says that it stores nothing, and is not restarted', () =>
    stage.show(async () => {
      const restartsBefore = await restarts();
      await using run = await startLoad();
      await stage.take('postgres');
      await waitFor(async () => !(await isComponentReady('processor')), {
        timeoutMs: 120_000,
        what: 'the processor to say that it is not ready',
      });
      await outlastLiveness(() => run.acceptMore(RATE));
      assert.ok(await isComponentReady('ingress'));
      assert.equal((await readyzOf(stage.kubectl, 'ingress')).status, 200);
      const processor = await readyzOf(stage.kubectl, 'processor');
      assert.equal(processor.status, 503);
      assert.match(processor.body, /postgres/);
      assert.equal(await restarts(), restartsBefore);
      await stage.giveBack('postgres');
      await waitForPods(stage.kubectl, { selector: componentSelector('processor'), ready: 1 });
      const ledger = await run.settle();
      noteFigures('PostgreSQL is away', {
        ...ledgerFigures(ledger),
        'restarts by liveness': (await restarts()) - restartsBefore,
        'the processor says': awayIn(processor.body),
      });
      assert.equal(ledger.failed.length, 0, describeFailures(ledger, run.load.attempts));
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
    }));

  it('without both refuse, say so by their readiness, are not restarted, and take events again once one is back', () =>
    stage.show(async () => {
      const restartsBefore = await restarts();
      await using run = await startLoad({ resends: true });
      await Promise.all([stage.take('kafka'), stage.take('postgres')]);
      await waitFor(async () => !(await isComponentReady('ingress')), {
        timeoutMs: 120_000,
        what: 'the ingress to say that it is not ready',
      });
      const answer = await readyzOf(stage.kubectl, 'ingress');
      assert.equal(answer.status, 503);
      await outlastLiveness(() => readyzOf(stage.kubectl, 'ingress'));
      assert.equal(await restarts(), restartsBefore);
      await Promise.all([stage.giveBack('kafka'), stage.giveBack('postgres')]);
      await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: 1 });
      await run.acceptMore(AROUND);
      const ledger = await run.settle();
      noteFigures('Both logs are away, no spool', {
        ...ledgerFigures(ledger),
        'restarts by liveness': (await restarts()) - restartsBefore,
        'the ingress says': awayIn(answer.body),
      });
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
      assert.ok(ledger.failed.length > 0, 'what is refused gets no 2xx');
    }));
});

/** The parts that are not ok, and what is said of them. */
function awayIn(readiness: string): string {
  const { parts } = JSON.parse(readiness) as {
    parts: Readonly<Record<string, { ok: boolean; detail?: string }>>;
  };
  const away = Object.entries(parts).filter(([, part]) => !part.ok);
  return away.map(([name, { detail = 'no' }]) => `${name}: ${detail}`).join('; ');
}
