import assert from 'node:assert/strict';
import { it } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { listenTarget } from '../../src/listen/target-url.ts';

const CALLED = 'https://hooks.example.com/webhook/telegram?bodySHA256=1';

it('a port or a host gets the path that was called, a URL with a path gets all', () => {
  for (const [text, shown, url] of [
    ['3000', 'http://localhost:3000', 'http://localhost:3000/webhook/telegram?bodySHA256=1'],
    ['localhost:3000', 'http://localhost:3000', 'http://localhost:3000/webhook/telegram?bodySHA256=1'],
    ['http://[::1]:3000/', 'http://[::1]:3000', 'http://[::1]:3000/webhook/telegram?bodySHA256=1'],
    ['localhost:3000/hook', 'http://localhost:3000/hook', 'http://localhost:3000/hook?bodySHA256=1'],
    [
      'https://dev.example.com/hook?x=1',
      'https://dev.example.com/hook?x=1',
      'https://dev.example.com/hook?x=1',
    ],
  ] as const) {
    const target = listenTarget(text);
    assert.deepEqual([target.url, target.urlOf(CALLED).href], [shown, url], text);
  }
});

it('a URL that can not be read leads to the root, and never to another host', () => {
  const target = listenTarget('3000');
  for (const called of ['//evil.example.com/x', 'http://evil.example.com//y', 'no url', ''])
    assert.equal(target.urlOf(called).host, 'localhost:3000', called);
});

it('what is no place is refused', () => {
  for (const text of ['0', '65536', 'ftp://x/', 'http://', 'a b', ''])
    assert.throws(() => listenTarget(text), InvalidArgumentError, text);
});
