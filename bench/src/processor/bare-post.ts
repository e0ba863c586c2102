// A process of its own: posts the same bodies over as many connections, each as soon as the one before it was answered.
import { Agent } from 'undici';
import { type BarePostPlan, type BarePostResult, inLanes } from './bare-work.ts';
import { sampleEvents } from './sample-events.ts';

const plan = JSON.parse(process.argv[2] ?? '') as BarePostPlan;
const events = sampleEvents({ first: plan.firstUpdate, count: plan.events });
const agent = new Agent({ connections: plan.connections, pipelining: 1 });
const { origin, pathname } = new URL(plan.url);

async function post(number: number): Promise<void> {
  const event = events[number];
  if (event === undefined) return;
  const response = await agent.request({
    origin,
    path: pathname,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'webhook-id': event.id },
    body: event.body,
  });
  await response.body.dump();
  if (response.statusCode !== 200) throw new Error(`the receiver answered ${response.statusCode}`);
}

const lanes = plan.connections;
await inLanes({ from: 0, to: plan.warmUpEvents, lanes }, post);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await inLanes({ from: plan.warmUpEvents, to: plan.events, lanes }, post);
const cpu = process.cpuUsage(cpuBefore);
const result: BarePostResult = {
  events: plan.events - plan.warmUpEvents,
  seconds: (performance.now() - startedAt) / 1_000,
  cpuMs: (cpu.user + cpu.system) / 1_000,
};
await agent.close();
console.log(JSON.stringify(result));
