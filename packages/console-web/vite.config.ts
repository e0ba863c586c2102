import { defineConfig } from 'vite';

/** JSX is compiled by Vite itself (oxc): no plugin. What comes out is checked by services/console/test/page/bundle.test.ts. */
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // 'use client' says nothing here
    // Browsers that have `light-dark()` in CSS: those of the middle of 2024 and later.
    target: ['chrome123', 'edge123', 'firefox125', 'safari17.5'],
    // The policy of the page allows no `data:`: every image is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.txt' },
  },
});
