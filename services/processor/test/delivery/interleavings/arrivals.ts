import { randomUUID } from 'node:crypto';
import { keyHash, laneOf } from '@ackline/eventlog/lane';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { recordKey } from '@ackline/shared/record-key';
import { readLaneOffsets } from '@ackline/store/lanes';
import { routeUnrouted } from '../../../src/late-routing.ts';
import { appendToInbox, inboxNumbers, kafkaBatch, lateDeps, sampleEvent, TOPIC_ID } from '../../events.ts';
import { noteErrorOf, type Processor } from './processors.ts';
import { bodyOf, type Mood } from './receivers.ts';
import { LANES, LATE_SOURCE, type LaneLog, noteFailure, TYPES, type World } from './world.ts';

/** With few of them most steps meet at the same heads; a run has two to five. */
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const MOODS: readonly Mood[] = [...Array<Mood>(12).fill('fine'), 'sick', 'sick', 'sick', 'sick', 'deadly'];
const MOST_AT_ONCE = 6;

/** Who reads a lane from where on. A rebalance makes another of them; the old one may still have a batch in hand. */
export interface Reading {
  readonly lane: number;
  readonly processor: Processor;
  position: number;
  storing: boolean;
}

/** Events that the ingress has acknowledged: in Kafka, in the inbox, or, where Kafka's answer was lost, in both. */
export async function arrive(world: World): Promise<void> {
  const events = Array.from({ length: 1 + world.upTo(MOST_AT_ONCE) }, () => nextEvent(world));
  for (const event of events) {
    world.bodies.set(event.id, Buffer.from(event.body).toString());
    const lane = laneOf(keyHash(recordKey(event)), LANES);
    const log = world.lanes[lane]!;
    const tier = world.random();
    const afterOffset = BigInt(log.events.length) - 1n;
    if (tier < 0.9) log.events.push(event);
    if (tier >= 0.8) await appendSurely(world, event, afterOffset);
    if (!world.accepted.has(event.dedupKey)) world.accepted.set(event.dedupKey, event);
  }
}

/** As its provider does, which sends again what was not acknowledged. */
async function appendSurely(world: World, event: EventEnvelope, afterOffset: bigint): Promise<void> {
  try {
    await appendToInbox(world.pool, [event], afterOffset);
  } catch (error) {
    noteFailure(world, 'appending to the inbox', error);
    if (world.faults.length === 0) await appendSurely(world, event, afterOffset);
  }
}

function nextEvent(world: World): EventEnvelope {
  const known = world.chance(0.1) ? world.pick([...world.accepted.values()]) : undefined;
  if (known !== undefined) return { ...known, id: randomUUID() }; // its provider sends it again
  const mood = world.pick(MOODS) ?? 'fine';
  return sampleEvent({
    source: world.chance(0.08) ? LATE_SOURCE : 'telegram',
    tenant: world.chance(0.5) ? 'anna' : 'ben',
    type: world.pick(TYPES) ?? 'message',
    orderingKey: world.chance(0.9) ? (world.pick(KEYS.slice(0, 2 + (world.seed % 4))) ?? null) : null,
    priority: world.chance(0.2) ? 'high' : 'normal',
    notBefore: world.chance(0.1) ? Date.now() + world.upTo(60_000) : null,
    body: Buffer.from(bodyOf(world.tick(), mood)),
  });
}

/** Stores the next batch of a lane; one that fails is tried again. */
export async function storeNext(world: World, reading: Reading, most: number): Promise<void> {
  const log = world.lanes[reading.lane]!;
  const to = Math.min(log.events.length, reading.position + 1 + world.upTo(most));
  if (reading.storing || reading.processor.dead || to <= reading.position) return;
  reading.storing = true;
  const batch = { from: reading.position, to };
  log.handedOver.push(batch);
  try {
    await reading.processor.storer.storeKafkaBatch(batchOf(log, reading.lane, batch));
    reading.position = to;
  } catch (error) {
    noteErrorOf(world, reading.processor, { what: 'storing', error });
  } finally {
    reading.storing = false;
  }
}

/** A storer that stood still with a batch in hand stores it when others have gone on. */
export async function storeLate(world: World, processor: Processor): Promise<void> {
  const lane = world.upTo(LANES);
  const log = world.lanes[lane]!;
  const batch = world.pick(log.handedOver.slice(-4));
  if (batch === undefined) return;
  try {
    await processor.storer.storeKafkaBatch(batchOf(log, lane, batch));
  } catch (error) {
    noteErrorOf(world, processor, { what: 'storing late', error });
  }
}

function batchOf(log: LaneLog, lane: number, { from, to }: { from: number; to: number }) {
  return kafkaBatch(log.events.slice(from, to), { lane, first: BigInt(from) });
}

/** Another processor gets the lane, and begins where PostgreSQL says; the one before may still be storing. */
export async function reassign(world: World, lane: number, processor: Processor): Promise<Reading | null> {
  try {
    const offsets = await readLaneOffsets(processor.pool, TOPIC_ID);
    const position = Number(offsets.find(offset => offset.lane === lane)?.nextOffset ?? 0n);
    return { lane, processor, position, storing: false };
  } catch (error) {
    noteErrorOf(world, processor, { what: 'reading offsets', error });
    return null;
  }
}

export async function storeInbox(world: World, processor: Processor): Promise<void> {
  try {
    const waiting = await inboxNumbers(processor.pool);
    if (waiting.length > 0) await processor.storer.storeInboxRows(waiting);
  } catch (error) {
    noteErrorOf(world, processor, { what: 'storing the inbox', error });
  }
}

/** A processor that knows the source already, while the storers do not. */
export async function routeLate(world: World, processor: Processor): Promise<void> {
  try {
    const deps = lateDeps(processor.pool, world.rules.all, LANES);
    while ((await routeUnrouted(deps, LATE_SOURCE)) > 0);
  } catch (error) {
    noteErrorOf(world, processor, { what: 'late routing', error });
  }
}
