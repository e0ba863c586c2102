import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { ATTEMPTS_DRAIN_PART } from '../../../services/processor/src/run-processor.ts';
import { describeChart, MINIMAL, renderIn, type Values } from './support/chart.ts';
import { type Claim, openCluster } from './support/cluster.ts';

/** What helm tells who has installed these values, without its line breaks. */
async function notesOf(values: Values, claims: readonly Claim[] = []): Promise<string> {
  await using cluster = await openCluster(claims);
  return (await renderIn(cluster, MINIMAL, values)).notes.replaceAll(/\s+/g, ' ');
}

const bot = { name: 'bot', type: 'http', url: 'http://bot.example.com/updates' };

describeChart('what is said after an installation', () => {
  it('names destinations whose attempts may take longer than a processor that ends', async () => {
    const drainSeconds = (DRAIN_DEADLINE_MS * ATTEMPTS_DRAIN_PART) / 1_000;
    const destinations = [
      { ...bot, timeout: `${drainSeconds}s` },
      { ...bot, name: 'crm', timeout: '60s' },
    ];
    const notes = await notesOf({ config: { destinations } });
    const sentence = `destination crm has a timeout of 60s, and a processor that ends gives attempts ${drainSeconds} s`;
    assert.ok(notes.includes(sentence), notes);
    assert.doesNotMatch(notes, /destination bot/);
  });

  it('says how to reach the console, and how to make a first token', async () => {
    const notes = await notesOf({ console: { service: { port: 8080 } } });
    assert.match(notes, /kubectl port-forward --namespace hooks svc\/ackline-console 8081:8080/);
    assert.match(notes, /kubectl exec --namespace hooks deploy\/ackline-console -- ackline tokens create \S/);
    const ingress = { enabled: true, hosts: ['ackline.example.com'], tlsInFront: true };
    assert.match(await notesOf({ console: { ingress } }), /https:\/\/ackline\.example\.com by Ingress/);
    assert.doesNotMatch(await notesOf({ console: { enabled: false } }), /console/);
  });

  it('says that of one pod alone a node that is drained takes the only one', async () => {
    const one = await notesOf({ ingress: { replicas: 1 } });
    assert.match(one, /The ingress may have one pod alone/);
    assert.doesNotMatch(one, /The processor may have/);
    assert.doesNotMatch(await notesOf({}), /one pod alone/);
  });

  it('names the volumes of replicas that are gone, until somebody deletes them', async () => {
    const claims = [0, 1, 2].map(ordinal => ({
      name: `spool-ackline-ingress-${ordinal}`,
      labels: { 'app.kubernetes.io/instance': 'ackline' },
    }));
    const ingress = { spool: { enabled: true, persistence: { enabled: true } } };
    const notes = await notesOf({ ingress }, claims);
    assert.match(notes, /Volumes of replicas that are gone: spool-ackline-ingress-2\. CronJobs drain them/);
    assert.doesNotMatch(await notesOf({ ingress }, claims.slice(0, 2)), /Volumes of replicas/);
  });
});
