import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { ledgerFigures, startClusterLoad } from '../src/cluster/cluster-load.ts';
import { noteFigures, seconds } from '../src/cluster/figures.ts';
import { waitForPods } from '../src/cluster/kubectl.ts';
import { componentSelector, openStage, type Stage } from '../src/cluster/stage.ts';
import { exposedByIngress, healthOf } from '../src/cluster/release-state.ts';

const RATE = 40;
const SPOOLED = 400;
/** The least that the chart takes with volumes. */
const REPLICAS = 2;
const CLAIMS = ['spool-ackline-ingress-0', 'spool-ackline-ingress-1', 'spool-ackline-ingress-2'];

describe('an ingress with a spool on a volume', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage('spool', { claims: CLAIMS });
    await stage.show(async () => {
      await install(REPLICAS);
      // No other pod may answer while that with the filled spool is away.
      await scaleTo(1);
    });
  });
  after(() => stage?.[Symbol.asyncDispose]());

  async function install(replicas: number, spool: object = {}): Promise<void> {
    await stage.release.install({
      expose: await exposedByIngress(),
      ingress: {
        replicas,
        spool: { enabled: true, persistence: { enabled: true, size: '1Gi' }, maxBytes: '256MiB', ...spool },
      },
    });
    await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: replicas });
  }

  async function scaleTo(replicas: number): Promise<void> {
    await stage.kubectl.run(['scale', 'statefulset/ackline-ingress', `--replicas=${replicas}`]);
    const removed = `pod/ackline-ingress-${replicas}`;
    await stage.kubectl.run(['wait', '--for=delete', removed, '--timeout=2m']);
    await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: replicas });
  }

  it('loses nothing that it took while both logs were away, though its pod is deleted before one is back', () =>
    stage.show(async () => {
      await using run = startClusterLoad(stage, { rate: RATE, resends: true });
      await run.acceptMore(RATE);
      await Promise.all([stage.take('kafka'), stage.take('postgres')]);
      await run.acceptMore(SPOOLED);
      run.load.hold();
      await waitFor(() => run.load.inFlight === 0, { what: 'the last answers' });
      const acceptedBefore = run.load.accepted.size;
      const before = (await healthOf(stage.kubectl)).spool;
      assert.ok((before?.events ?? 0) > 0, 'events are in the spool alone');
      const [pod] = await stage.kubectl.pods(componentSelector('ingress'));
      const deletedAt = performance.now();
      await stage.kubectl.run(['delete', 'pod', pod?.metadata.name ?? '', '--wait=true']);
      await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: 1 });
      const readyMs = performance.now() - deletedAt;
      const behind = (await healthOf(stage.kubectl)).spool;
      await Promise.all([stage.giveBack('kafka'), stage.giveBack('postgres')]);
      const backAt = performance.now();
      const ledger = await run.settle();
      noteFigures('An ingress pod with a filled spool is deleted, both logs away', {
        'accepted before the pod was deleted': acceptedBefore,
        'of them in the spool alone': before?.events ?? 0,
        'files that the next pod found': behind?.leftovers ?? 0,
        'a pod on the same volume was ready after': seconds(readyMs),
        'from both logs back to the last delivery': seconds(performance.now() - backAt),
        ...ledgerFigures(ledger),
      });
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
    }));

  it('loses nothing where a replica is removed with a filled spool: a job that helm finds drains its volume', () =>
    stage.show(async () => {
      // By the hand that scaled it before: helm gives way to nobody's count but its own.
      await stage.kubectl.run(['scale', 'statefulset/ackline-ingress', `--replicas=${REPLICAS + 1}`]);
      await waitForPods(stage.kubectl, { selector: componentSelector('ingress'), ready: REPLICAS + 1 });
      await using run = startClusterLoad(stage, { rate: RATE, resends: true });
      await run.acceptMore(RATE);
      await Promise.all([stage.take('kafka'), stage.take('postgres')]);
      await run.acceptMore(SPOOLED);
      run.load.hold();
      await waitFor(() => run.load.inFlight === 0, { what: 'the last answers' });
      await scaleTo(REPLICAS);
      const left = (await healthOf(stage.kubectl)).spool?.events ?? 0;
      await Promise.all([stage.giveBack('kafka'), stage.giveBack('postgres')]);
      const backAt = performance.now();
      await install(REPLICAS, { drainSchedule: '* * * * *' });
      const ledger = await run.settle();
      noteFigures('An ingress replica is removed with a filled spool, both logs away', {
        'accepted before it was removed': run.load.accepted.size,
        'of them in the spool of one replica that stays': left,
        'from both logs back to the last delivery': seconds(performance.now() - backAt),
        ...ledgerFigures(ledger),
      });
      assert.ok(left > 0 && left < SPOOLED, 'more than one replica has a part');
      assert.equal(ledger.lost + ledger.storedTwice + ledger.undelivered, 0);
    }));
});
