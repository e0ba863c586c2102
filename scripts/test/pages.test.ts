import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { processMetrics } from '@ackline/runtime/process-metrics';
import { metricTable } from '@ackline/runtime/metric-table';
import { errorCodes } from '@ackline/shared/error-codes';
import { configurationPage } from '../generate-docs/configuration-page.ts';
import { consoleClientTypes } from '../generate-docs/console-client-types.ts';
import { errorsPage } from '../generate-docs/errors-page.ts';
import { metricsPage } from '../generate-docs/metrics-page.ts';

const written = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const STALE = 'it is stale: run `npm run docs` and commit it';

describe('docs/errors.md', () => {
  it('is what the table of codes says now', () => {
    assert.ok(written('errors.md') === errorsPage(), STALE);
  });

  it('has one entry for each code, with what to do', () => {
    const page = errorsPage();
    for (const [code, { fix }] of Object.entries(errorCodes)) {
      assert.equal(page.split(`### ${code}\n`).length, 2, code);
      assert.ok(page.includes(`**What to do.** ${fix}`), code);
    }
  });
});

describe('docs/configuration.md', () => {
  const page = configurationPage();

  it('is what the schema says now', () => {
    assert.ok(written('configuration.md') === page, STALE);
  });

  it('has a table for each map', () => {
    const titles = page.match(/^## .*$/gm);
    assert.deepEqual(titles, [
      '## The file',
      '## `sources[]`',
      '## `sources[].bodyTimeout`',
      '## `sources[].limit`',
      '## `tenants[]`',
      '## `routes[]`',
      '## `routes[].match`',
      '## `routes[].transform`',
      '## `destinations[]`',
      '## `destinations[].tls`',
      '## `destinations[].sasl`',
      '## `destinations[].rate`',
      '## `destinations[].retry`',
      '## `destinations[].breaker`',
      '## `retention`',
      '## `sources[].options` of generic',
    ]);
  });

  it('leaves no key without a meaning, and no kind without a name', () => {
    const rows = page.split('\n').filter(line => line.startsWith('| `'));
    assert.ok(rows.length > 25);
    for (const row of rows) {
      assert.match(row, /^\| `\w+` \| [^|]{2,} \| [^|]{2,} \| [A-Za-z].*\. ?.*\|$/);
    }
  });

  it('shows limits, defaults and what is needed', () => {
    assert.ok(page.includes('| `idle` | duration, [10ms, 10s] | `1s` |'));
    assert.ok(page.includes('| `secrets` | list of secret | **needed** |'));
    assert.ok(page.includes('| `schedule` | list of duration, [1ms, 24h] | `[5s, 30s, 2m, 10m, 1h, 6h]` |'));
    assert.ok(page.includes('| `signingSecret` | secret | none |'));
  });
});

describe('docs/metrics.md', () => {
  it('is what the table says now', () => {
    assert.ok(written('metrics.md') === metricsPage(), STALE);
  });

  it('leaves no metric without a meaning in one line', () => {
    const lines = metricsPage()
      .split('\n')
      .filter(line => line.startsWith('| `'));
    assert.ok(lines.length >= Object.keys(metricTable).length + processMetrics.length);
    for (const line of lines)
      assert.match(
        line,
        /^\| `[a-z0-9_]+` \| (counter|gauge|histogram) \| [^|]*\| (sum|min|max|first) \| [^|]{8,}\. \|$/,
      );
  });
});

describe('the types of the console client', () => {
  it('are what the OpenAPI document of the console says now', async () => {
    const path = new URL('../../packages/console-client/src/api-types.ts', import.meta.url);
    assert.ok(readFileSync(path, 'utf8') === (await consoleClientTypes()), STALE);
  });
});
