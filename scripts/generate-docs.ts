/** `npm run docs`: writes what comes from the code's own tables: pages, the console client's types, the chart's copies. Tests fail while it is stale. */
import { writeFileSync } from 'node:fs';
import { chartCopies, chartPage } from './generate-docs/chart-page.ts';
import { configurationPage } from './generate-docs/configuration-page.ts';
import { consoleClientTypes } from './generate-docs/console-client-types.ts';
import { doctorPage } from './generate-docs/doctor-page.ts';
import { environmentPage } from './generate-docs/environment-page.ts';
import { errorsPage } from './generate-docs/errors-page.ts';
import { metricsPage } from './generate-docs/metrics-page.ts';
import { providersPage } from './generate-docs/providers-page.ts';
import { seedsPage } from './generate-docs/seeds-page.ts';

const pages = [
  { path: 'docs/errors.md', text: errorsPage() },
  { path: 'docs/configuration.md', text: configurationPage() },
  { path: 'docs/environment.md', text: environmentPage() },
  { path: 'docs/metrics.md', text: metricsPage() },
  { path: 'docs/seeds.md', text: seedsPage() },
  { path: 'docs/doctor.md', text: doctorPage() },
  { path: 'docs/providers.md', text: providersPage() },
  { path: 'packages/console-client/src/api-types.ts', text: await consoleClientTypes() },
  { path: 'charts/ackline/README.md', text: chartPage() },
  ...chartCopies(),
];

for (const { path, text } of pages) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  console.log(`${path}: ${text.split('\n').length - 1} lines`);
}
