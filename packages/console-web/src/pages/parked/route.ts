import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.ts';
import { readParkedSearch } from './parked-search.ts';

export const parkedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/parked',
  validateSearch: readParkedSearch,
  component: lazyRouteComponent(() => import('./parked-page.tsx'), 'ParkedPage'),
});
