import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.ts';
import { readSearch } from '../../app/search-names.ts';

export const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/overview',
  validateSearch: (search: Readonly<Record<string, unknown>>): { readonly range?: string } =>
    readSearch(search, ['range']),
  component: lazyRouteComponent(() => import('./overview-page.tsx'), 'OverviewPage'),
});
