/** `npm run docs`: writes the pages of docs/ that come from the code's own tables. A test fails while they are stale. */
import { writeFileSync } from 'node:fs';
import { metricsPage } from '@ackline/runtime/docs/metrics-page';
import { configurationPage } from '@ackline/shared/docs/configuration-page';
import { errorsPage } from '@ackline/shared/docs/errors-page';
import { environmentPage } from './generate-docs/environment-page.ts';

const pages = {
  'errors.md': errorsPage(),
  'configuration.md': configurationPage(),
  'environment.md': environmentPage(),
  'metrics.md': metricsPage(),
};

for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  console.log(`docs/${name}: ${text.split('\n').length - 1} lines`);
}
