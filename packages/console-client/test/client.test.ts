import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';

it('the client imports nothing of Node, so that a browser can load it', () => {
  const folder = new URL('../src/', import.meta.url);
  const imported = readdirSync(folder).flatMap(file =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/\b(?:from|import)\b\s*\(?\s*'([^']+)'/g)].map(
      ([, name]) => name ?? '',
    ),
  );
  assert.deepEqual(new Set(imported), new Set(['openapi-fetch', './api-types.ts']));
});
