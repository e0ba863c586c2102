// The command is run by a real shell and a real curl, against a server that keeps what it got.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { curlOfEvent } from '../../src/listen/curl-of-event.ts';
import type { PulledEvent } from '../../src/listen/local-server.ts';

const BODIES: readonly (string | Buffer)[] = [
  '{"text":"it\'s $HOME `id` \\"x\\""}',
  'two\nlines\n',
  '@/etc/passwd',
  '\u001b[2J\u009b31m\u202e%s \\n \' "',
  Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
  '',
];

describe('an event as a command', () => {
  it('sends it again byte for byte, and shows nothing that a terminal obeys', async () => {
    const got: { method: string; url: string; twice: string[]; body: Buffer }[] = [];
    await using server = createServer((request, response) => void keep(request, response));
    const keep = async (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const twice = request.rawHeaders.filter((_, n, all) => n % 2 === 1 && all[n - 1] === 'X-Twice');
      got.push({ method: request.method ?? '', url: request.url ?? '', twice, body: Buffer.concat(chunks) });
      response.end('ok');
    };
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/it's?x=$HOME`;
    for (const given of BODIES) {
      const body = Buffer.from(given);
      const payload = {
        method: 'POST',
        url: 'https://hooks.example.com/x',
        headers: [
          ['Content-Type', 'application/json'],
          ['X-Twice', "it's"],
          ['X-Twice', 'caf\u00e9'],
        ] as [string, string][],
        bodyBytes: body.length,
        bodyBase64: body.toString('base64'),
      };
      const event = { id: '019ab2c4-7d10-7000-8000-000000000000', payload } as PulledEvent;
      const command = curlOfEvent(event, payload, { target, console: 'http://127.0.0.1:8081' });
      assert.doesNotMatch(command.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
      await promisify(execFile)('sh', ['-c', command]);
      const last = got.at(-1);
      assert.deepEqual([last?.method, last?.body], ['POST', body], command);
      assert.deepEqual(last?.twice, ["it's", 'caf\u00e9']);
    }
    assert.equal(got.length, BODIES.length);
  });
});
