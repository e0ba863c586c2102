import { auditRoutes } from './audit.ts';
import { callerRoutes } from './caller.ts';
import { deliveryRoutes } from './deliveries.ts';
import { destinationRoutes } from './destinations.ts';
import { eventRoutes } from './events.ts';
import { overviewRoutes } from './overview.ts';
import { parkedRoutes } from './parked.ts';
import { rejectedRoutes } from './rejected.ts';
import { replayRoutes } from './replays.ts';
import { sessionRoutes } from './session.ts';
import { sampleRoutes } from './samples.ts';
import { sourceRoutes } from './sources.ts';

/** Every call of the API, by its name. What stands first is asked first: `/events/stream` before `/events/{id}`. */
export const routes = {
  ...overviewRoutes,
  ...eventRoutes,
  ...deliveryRoutes,
  ...parkedRoutes,
  ...replayRoutes,
  ...destinationRoutes,
  ...sourceRoutes,
  ...sampleRoutes,
  ...rejectedRoutes,
  ...auditRoutes,
  ...callerRoutes,
  ...sessionRoutes,
} as const;

export type RouteName = keyof typeof routes;
