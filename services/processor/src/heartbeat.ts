import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { HealthState } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import {
  HEARTBEAT_MS,
  isAlive,
  leaveHeartbeat,
  PROCESSOR_GONE_MS,
  readProcessorStates,
  removeHeartbeat,
  writeHeartbeat,
} from '@ackline/store/processors';
import type { Pool } from 'pg';
import type { Destination } from './delivery/destination.ts';
import type { DestinationNews } from './destination-news.ts';
import { standingLanesOf } from './standing-lanes.ts';

export interface HeartbeatDeps {
  readonly pool: Pool;
  readonly processorId: string;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly news: DestinationNews;
  readonly state: () => Readonly<Record<string, unknown>>;
  readonly log: Logger;
}

export interface Heartbeat extends Component {
  /** Whether PostgreSQL answered lately: three beats may be missed. */
  health(): HealthState;
  /** Says that this processor is there, and learns of the others, of pauses and of breakers. */
  beat(): Promise<void>;
  /** Says that it is gone. */
  end(): Promise<void>;
}

/** Keeps this processor's row fresh, and its shares of the destinations' slots right as others come and go. */
export function createHeartbeat(deps: HeartbeatDeps): Heartbeat {
  let beats = 0;
  let answeredAt = Number.NEGATIVE_INFINITY;

  async function beat(): Promise<void> {
    await writeHeartbeat(deps.pool, deps.processorId, deps.state());
    answeredAt = performance.now();
    // One that a reload adds meanwhile has no share before its pause and its breaker are read too.
    const known = [...deps.destinations.values()];
    const [states] = await Promise.all([readProcessorStates(deps.pool), deps.news.read()]);
    const alive = states
      .filter(isAlive)
      .map(state => state.id)
      .sort();
    const processors = {
      count: Math.max(1, alive.length),
      rank: Math.max(0, alive.indexOf(deps.processorId)),
    };
    // A newcomer takes no slot until the others have heard of it and made room.
    const settled = beats > 0 || processors.count === 1;
    beats += 1;
    for (const destination of known) destination.setShare(settled ? processors : null);
  }

  return {
    name: 'heartbeat',
    beat,
    async end() {
      const { pool, processorId } = deps;
      const state = deps.state();
      // What it saw of lanes that stand still is for the next one, who may live no longer.
      if (standingLanesOf(state).length > 0) await leaveHeartbeat(pool, processorId, state);
      else await removeHeartbeat(pool, processorId);
    },
    health() {
      if (performance.now() - answeredAt < PROCESSOR_GONE_MS) return { ok: true };
      return { ok: false, detail: 'PostgreSQL has not answered since the last heartbeats' };
    },
    async run(signal) {
      while (!signal.aborted) {
        await delay(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await beat().catch((error: unknown) => deps.log.warn({ err: error }, 'processor.heartbeat-failed'));
      }
    },
  };
}
