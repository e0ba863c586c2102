import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSummary } from '../../src/commands/check.ts';
import { exampleConfig, source } from '../example-config.ts';

test('the summary names the URL of every path, and secrets by their places', () => {
  const config = exampleConfig({
    publicUrl: 'https://hooks.example.com',
    sources: [source({ aliases: ['/old'], secrets: [{ env: 'TOKEN' }, { file: '/run/token' }] })],
  });
  const summary = formatSummary('ackline.yaml', {
    mode: 'production',
    config,
    toGenerate: [],
    isRunning: false,
  });
  assert.match(summary, /^ackline\.yaml is correct for production: 1 source, 1 route, 1 destination\./);
  assert.match(summary, /https:\/\/hooks\.example\.com\/webhook\/telegram +env TOKEN, file \/run\/token/);
  assert.match(summary, /alias +telegram +https:\/\/hooks\.example\.com\/old/);
  assert.match(summary, /everything +everything +sample/);
  assert.doesNotMatch(summary, /publicUrl|generate/);
});

test('without a public URL no URL is made up, and no empty table is shown', () => {
  const config = exampleConfig({ routes: [], destinations: [] });
  const summary = formatSummary('x.yaml', { mode: 'development', config, toGenerate: [], isRunning: false });
  assert.match(summary, /telegram {2}\/webhook\/telegram/);
  assert.match(summary, /only the paths are known: set it before you give a URL/);
  assert.doesNotMatch(summary, /http:|ROUTE|DESTINATION/);
});

test('in development the summary names the secrets that will be generated', () => {
  const summary = formatSummary('x.yaml', {
    mode: 'development',
    config: exampleConfig(),
    toGenerate: ['TOKEN', 'OTHER'],
    isRunning: false,
  });
  assert.match(summary, /`npx ackline up` will generate 2 development secrets: TOKEN, OTHER\./);
});

test('while `up` runs, a secret that it does not have yet asks for a restart', () => {
  const added = { mode: 'development', config: exampleConfig(), toGenerate: ['TOKEN'] } as const;
  const summary = formatSummary('x.yaml', { ...added, isRunning: true });
  assert.match(summary, /^Restart `npm start`: .* It will generate 1 development secret: TOKEN\.$/m);
  assert.doesNotMatch(formatSummary('x.yaml', { ...added, isRunning: false }), /Restart/);
});

test('the summary shows what a route takes, and the beginning of its filter', () => {
  const where = (given: unknown) => ({ given, test: () => true });
  const long = {
    'body.id': { $in: Array.from({ length: 100 }, (_, n) => 9_007_199_254_740_993n + BigInt(n)) },
  };
  const routes = [
    {
      name: 'a',
      match: { source: 'telegram', type: null, tenant: null, where: where({ 'body.a': 1 }) },
      destination: 'sample',
      priority: 'event' as const,
      history: 'all' as const,
      transform: null,
    },
    {
      name: 'b',
      match: { source: null, type: null, tenant: null, where: where(long) },
      destination: 'sample',
      priority: 'event' as const,
      history: 'all' as const,
      transform: { jsonata: 'body', timeoutMs: 250 },
    },
  ];
  const config = exampleConfig({ routes });
  const summary = formatSummary('x.yaml', { mode: 'development', config, toGenerate: [], isRunning: false });
  assert.match(summary, /^a +source telegram, where \{"body\.a":1\} +sample$/m);
  assert.match(
    summary,
    /^b +where \{"body\.id":\{"\$in":\["9007199254740993",.{10,30}… +sample \(transformed\)$/m,
  );
});
