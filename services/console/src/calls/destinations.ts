import { AppError } from '@ackline/shared/app-error';
import {
  describeDestinations,
  type DestinationRow,
  readKnownOfDestinations,
} from '@ackline/store/destination-rows';
import {
  countDue,
  enableDestination,
  pauseDestination,
  resumeDestination,
} from '@ackline/store/destinations';
import { heldBecause, isHeld } from '@ackline/store/handler-rows';
import type { Pool } from 'pg';
import type { destinationRoutes } from '../api/destinations.ts';
import type { Declared } from '../declared.ts';
import type { CallsOf } from './call.ts';

export interface DestinationCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly declared: () => Declared;
}

export function createDestinationCalls(deps: DestinationCallsDeps): CallsOf<typeof destinationRoutes> {
  const { reads, changes, declared } = deps;

  /** One that the configuration has lost may still be resumed. */
  function refuseUnknown(name: string): void {
    if (declared().ackline.destinations.some(destination => destination.name === name)) return;
    throw new AppError('ACKLINE_NOT_FOUND', 'The configuration has no destination of this name');
  }

  return {
    async listDestinations() {
      const { ackline, placeOf } = declared();
      const rows = describeDestinations(ackline, await readKnownOfDestinations(reads, ackline));
      const due = new Map(
        (
          await countDue(
            reads,
            rows.map(({ name }) => name),
          )
        ).map(({ name, ...work }) => [name, work]),
      );
      const items = rows.map(row => {
        const index = ackline.destinations.findIndex(({ name }) => name === row.name);
        const configured = ackline.destinations[index];
        return {
          name: row.name,
          type: configured?.type ?? null,
          address: row.url,
          place: configured === undefined ? null : placeOf(['destinations', index]),
          concurrency: configured?.concurrency ?? null,
          ordering: configured?.ordering ?? null,
          paused: row.pausedAt === null ? null : { reason: row.reason ?? '', at: row.pausedAt },
          breaker: row.breaker,
          probeInMs: row.probeInMs,
          handler: row.handler,
          heldBecause: holdReason(row),
          due: due.get(row.name) ?? { count: 0, hasMore: false },
        };
      });
      return { json: { items } };
    },
    async pauseDestination({ params: { name }, body: { reason }, caller }) {
      refuseUnknown(name);
      return {
        json: { name, changed: await pauseDestination(changes, name, { reason, actor: caller.name }) },
      };
    },
    async resumeDestination({ params: { name }, caller }) {
      const changed = await resumeDestination(changes, name, caller.name);
      if (!changed) refuseUnknown(name);
      return { json: { name, changed } };
    },
    async enableDestination({ params: { name }, caller }) {
      const changed = await enableDestination(changes, name, caller.name);
      if (!changed) refuseUnknown(name);
      return { json: { name, changed } };
    },
  };
}

/** null: what is due goes out. */
function holdReason({ pausedAt, reason, url, handler, breaker }: DestinationRow): string | null {
  if (pausedAt !== null) return `paused: ${reason ?? ''}`;
  if (url === null) return 'the configuration has it no more';
  if (handler !== null && isHeld(handler)) return heldBecause(handler);
  if (breaker === 'open') return 'its breaker is open';
  return null;
}
