import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../app/root-route.ts';
import { readSearch } from '../../app/search-names.ts';

const FILTERS = ['actor', 'action', 'subject'] as const;

export type AuditSearch = { readonly [Name in (typeof FILTERS)[number]]?: string };

export const readAuditSearch = (search: Readonly<Record<string, unknown>>): AuditSearch =>
  readSearch(search, FILTERS);

export const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import('./audit-page.tsx'), 'AuditPage'),
});
