import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { API_BASE } from '../../src/api/route.ts';
import { createConsoleServer } from '../../src/http/server.ts';

describe("the console's port", () => {
  it('cuts off who takes nothing of an answer', { timeout: 60_000 }, async () => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const large = { text: 'x'.repeat(24 * 1024 * 1024) };
    const server = createConsoleServer({
      calls: new Proxy({} as never, { get: () => () => Promise.resolve({ json: large }) }),
      access: () =>
        Promise.resolve({ name: 'me', scopes: new Set(['view'] as const), tenant: null, by: 'token' }),
      rules: { isLocal: true, publicUrl: null },
      openApi: {},
      page: (_request, _response, next) => next(),
      log: log as never,
      takesNothingMs: 50,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const closed = new Promise(resolve => {
      server.on('connection', socket => socket.on('close', resolve));
    });
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port }).pause();
    socket.on('error', () => undefined);
    socket.write(`GET ${API_BASE}/caller HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await closed;
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
