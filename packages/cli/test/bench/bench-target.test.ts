import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseTarget, isThisMachine } from '../../src/bench/bench-target.ts';
import { exampleConfig, source } from '../example-config.ts';

const config = exampleConfig({
  sources: [
    source(),
    source({
      name: 'whatsapp',
      provider: 'twilio',
      path: '/webhook/whatsapp',
      aliases: ['/webhook/whatsapp-optimized'],
    }),
  ],
});

function chosen(url: string, named?: string) {
  const { source: found, baseUrl, path } = chooseTarget(config, url, named);
  return [found.name, baseUrl + path];
}

test('a URL with a path is that of its source, by an alias too', () => {
  const base = 'http://127.0.0.1:8080';
  assert.deepEqual(chosen(`${base}/webhook/whatsapp`), ['whatsapp', `${base}/webhook/whatsapp`]);
  assert.deepEqual(chosen(`${base}/webhook/whatsapp-optimized`), [
    'whatsapp',
    `${base}/webhook/whatsapp-optimized`,
  ]);
});

test('a URL without one is of the named source, by its provider too, or of the first', () => {
  const base = 'http://127.0.0.1:8080';
  assert.deepEqual(chosen(base), ['telegram', `${base}/webhook/telegram`]);
  assert.deepEqual(chosen(base, 'twilio'), ['whatsapp', `${base}/webhook/whatsapp`]);
  assert.deepEqual(chosen(base, 'whatsapp'), ['whatsapp', `${base}/webhook/whatsapp`]);
});

test('a path that a proxy has in front is called as it is, signed for the named source', () => {
  const url = 'https://hooks.example.com/in/webhook/telegram';
  assert.deepEqual(chosen(url, 'telegram'), ['telegram', url]);
  assert.throws(() => chosen(url), {
    code: 'ACKLINE_USAGE',
    message: /path \/in\/webhook\/telegram; it has: \/webhook\/telegram, \/webhook\/whatsapp\. Name one/,
  });
  assert.throws(() => chooseTarget(exampleConfig({ sources: [] }), 'http://localhost'), {
    code: 'ACKLINE_USAGE',
  });
});

test('only what can not lead elsewhere is this machine', () => {
  for (const url of [
    'http://127.0.0.1:8080',
    'http://127.1.2.3/x',
    'http://127.1/',
    'http://[::1]:8080',
    'http://LOCALHOST:1/x',
  ]) {
    assert.ok(isThisMachine(url), url);
  }
  for (const url of [
    'http://127.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://0.0.0.0:8080',
    'http://10.0.0.1',
    'http://[::ffff:10.0.0.1]',
    'https://hooks.example.com',
    'http://127.0.0.1@hooks.example.com',
  ]) {
    assert.ok(!isThisMachine(url), url);
  }
});
