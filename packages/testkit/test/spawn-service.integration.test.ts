import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@ackline/testkit/free-port';
import { spawnService } from '@ackline/testkit/spawn-service';

const main = fileURLToPath(new URL('./fixtures-service.ts', import.meta.url));

describe('a spawned service', () => {
  it('is ready when it is handed out, and ends as it was asked to', async () => {
    const port = await freePort();
    await using service = await spawnService(main, {
      env: { PORT: String(port) },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    });
    assert.deepEqual(await service.stop(), { code: 0, signal: null });
    assert.match(service.output(), /started .*PORT.*\ndrained\n$/s);
  });

  it('gets nothing of the test’s own environment but PATH, HOME and what Node compiled before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-spawned-'));
    const { NODE_COMPILE_CACHE: before } = process.env;
    Object.assign(process.env, { ACKLINE_TEST_INHERITED: 'yes', NODE_COMPILE_CACHE: folder });
    try {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      await using service = await spawnService(main, { env: { PORT: String(port) }, readyUrl: url });
      assert.deepEqual(await service.stop(), { code: 0, signal: null });
      assert.match(service.output(), /^started HOME,NODE_COMPILE_CACHE,PATH,PORT\n/);
      assert.notDeepEqual(await readdir(folder), [], 'compiled, and kept for the next one');
    } finally {
      delete process.env['NODE_COMPILE_CACHE'];
      if (before !== undefined) process.env['NODE_COMPILE_CACHE'] = before;
      await rm(folder, { recursive: true });
    }
  });

  it('tells by which signal it was killed', async () => {
    const port = await freePort();
    const service = await spawnService(main, { env: { PORT: String(port) } });
    assert.deepEqual(await service.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
  });

  it('that ends before it is ready fails at once, with its output', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    await assert.rejects(spawnService(main, { env: { FAIL: '1' }, readyUrl: url }), (error: Error) => {
      assert.match(error.message, /no such secret: FAIL/);
      assert.match(String(error.cause), /exit code 3/);
      return true;
    });
  });
});
