import { createRootRoute } from '@tanstack/react-router';

/** Every page's route is a child of it. What it shows is in router.tsx, which knows the pages. */
export const rootRoute = createRootRoute();
