import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { environmentPage, environmentSchemas } from '../generate-docs/environment-page.ts';

const page = environmentPage();
const rows = page.split('\n').filter(line => line.startsWith('| `'));

describe('docs/environment.md', () => {
  it('is what the schemas say now', () => {
    const written = readFileSync(new URL('../../docs/environment.md', import.meta.url), 'utf8');
    assert.ok(written === page, 'the page is stale: run `npm run docs` and commit it');
  });

  it('misses no variable that a service or the CLI reads', () => {
    for (const [reader, { shape }] of Object.entries(environmentSchemas)) {
      for (const name of Object.keys(shape)) {
        assert.ok(
          rows.some(row => row.startsWith(`| \`${name}\` |`)),
          `${reader}: ${name}`,
        );
      }
    }
  });

  it('leaves no variable without its form, its default and its meaning', () => {
    assert.ok(rows.length > 25);
    for (const row of rows) assert.match(row, /^\| `[A-Z_]+` \| [^|]{4,} \| [^|]{3,} \| .*[.*] \|$/);
  });

  it('marks each value with a password as secret, and writes defaults as a user would', () => {
    assert.deepEqual(
      rows.filter(row => row.includes('**Secret.**')).map(row => row.split('`')[1]),
      [
        'DATABASE_URL',
        'KAFKA_SASL_PASSWORD',
        'OTEL_EXPORTER_OTLP_HEADERS',
        'REDIS_URL',
        'CONSOLE_OIDC_CLIENT_SECRET',
        'ACKLINE_TOKEN',
        'DATABASE_URL',
      ],
    );
    assert.ok(page.includes('| `SPOOL_MAX_BYTES` | size, [1MiB, 1024GiB] | `1GiB` |'));
    assert.ok(page.includes('| `SPOOL_MAX_AGE` | duration, [1m, 168h] | `24h` |'));
    assert.match(page, /\| `DATABASE_URL` \| [^|]+ \| \*\*needed\*\* \|/);
    assert.ok(page.includes('| `PORT` | port; 0 takes a free one | `8080` |'));
  });
});
