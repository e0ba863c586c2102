import assert from 'node:assert/strict';
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

  it('gets nothing of the test’s own environment but PATH and HOME', async () => {
    const port = await freePort();
    process.env['ACKLINE_TEST_INHERITED'] = 'yes';
    const url = `http://127.0.0.1:${port}/`;
    await using service = await spawnService(main, { env: { PORT: String(port) }, readyUrl: url });
    assert.doesNotMatch(service.output(), /ACKLINE_TEST_INHERITED/);
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
