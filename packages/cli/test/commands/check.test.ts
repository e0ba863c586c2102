import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSummary } from '../../src/commands/check.ts';
import { exampleConfig, source } from '../example-config.ts';

test('the summary names the URL of every path, and secrets by their places', () => {
  const config = exampleConfig({
    publicUrl: 'https://hooks.example.com',
    sources: [source({ aliases: ['/old'], secrets: [{ env: 'TOKEN' }, { file: '/run/token' }] })],
  });
  const summary = formatSummary('ackline.yaml', config, 'http://127.0.0.1:8080');
  assert.match(summary, /^ackline\.yaml is correct: 1 source, 1 route, 1 destination\./);
  assert.match(summary, /https:\/\/hooks\.example\.com\/webhook\/telegram +env TOKEN, file \/run\/token/);
  assert.match(summary, /alias +telegram +https:\/\/hooks\.example\.com\/old/);
  assert.match(summary, /everything +everything +sample/);
});

test('without a public URL the local one stands, and no empty table is shown', () => {
  const config = exampleConfig({ routes: [], destinations: [] });
  const summary = formatSummary('x.yaml', config, 'http://127.0.0.1:8080');
  assert.match(summary, /http:\/\/127\.0\.0\.1:8080\/webhook\/telegram/);
  assert.doesNotMatch(summary, /ROUTE|DESTINATION/);
});
