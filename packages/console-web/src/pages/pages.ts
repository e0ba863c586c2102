import { auditRoute } from './audit/route.ts';
import { destinationsRoute } from './destinations/route.ts';
import { eventRoute } from './event/route.ts';
import { eventsRoute } from './events/route.ts';
import { overviewRoute } from './overview/route.ts';
import { parkedRoute } from './parked/route.ts';
import { replayRoute, replaysRoute } from './replays/route.ts';
import { rejectedRequestRoute, rejectedRoute } from './rejected/route.ts';
import { sourcesRoute } from './sources/route.ts';

/**
 * Every page of the console: each has a folder beside this file, with its `route.ts`, which loads the rest when the page is opened. In the
 * menu, in this order, is what has a browser test (services/console/test/page/<name>.browser.test.ts).
 */
export const pages = [
  { title: 'Overview', path: '/overview', isInMenu: true },
  { title: 'Events', path: '/events', isInMenu: true },
  { title: 'Event', path: '/events/$id', isInMenu: false },
  { title: 'Parked', path: '/parked', isInMenu: true },
  { title: 'Replays', path: '/replays', isInMenu: true },
  { title: 'Replay', path: '/replays/$id', isInMenu: false },
  { title: 'Destinations', path: '/destinations', isInMenu: true },
  { title: 'Sources', path: '/sources', isInMenu: true },
  { title: 'Rejected', path: '/rejected', isInMenu: true },
  { title: 'Refused request', path: '/rejected/$id', isInMenu: false },
  { title: 'Audit', path: '/audit', isInMenu: true },
] as const;

export const pageRoutes = [
  overviewRoute,
  eventsRoute,
  eventRoute,
  parkedRoute,
  replaysRoute,
  replayRoute,
  destinationsRoute,
  sourcesRoute,
  rejectedRoute,
  rejectedRequestRoute,
  auditRoute,
] as const;
