import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.ts';
import { readSearch } from '../../app/search-names.ts';

export type RejectedSearch = { readonly source?: string };

export const readRejectedSearch = (search: Readonly<Record<string, unknown>>): RejectedSearch =>
  readSearch(search, ['source']);

export const rejectedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/rejected',
  validateSearch: readRejectedSearch,
  component: lazyRouteComponent(() => import('./rejected-page.tsx'), 'RejectedPage'),
});

export const rejectedRequestRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/rejected/$id',
  component: lazyRouteComponent(() => import('./rejected-request-page.tsx'), 'RejectedRequestPage'),
});
