import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { ErrorPage, NoSuchPage } from './error-page.tsx';
import { pageRoutes } from '../pages/pages.ts';
import { rootRoute } from './root-route.ts';
import { parseSearch, stringifySearch } from './search.ts';
import { Shell } from './shell.tsx';
import { PageSkeleton } from '../components/skeleton.tsx';

rootRoute.update({ component: Shell, notFoundComponent: NoSuchPage });

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/overview' });
  },
});

export function createAppRouter() {
  return createRouter({
    routeTree: rootRoute.addChildren([startRoute, ...pageRoutes]),
    parseSearch,
    stringifySearch,
    defaultErrorComponent: ErrorPage,
    defaultPendingComponent: PageSkeleton,
    defaultPreload: 'intent',
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
