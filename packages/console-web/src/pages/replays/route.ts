import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.ts';

export const replaysRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/replays',
  component: lazyRouteComponent(() => import('./replays-page.tsx'), 'ReplaysPage'),
});

export const replayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/replays/$id',
  component: lazyRouteComponent(() => import('./replay-page.tsx'), 'ReplayPage'),
});
