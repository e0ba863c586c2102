import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { createHealthRegistry } from '@ackline/runtime/health';
import { createMetrics } from '@ackline/runtime/metrics';
import { createOpsServer } from '@ackline/runtime/ops-server';

async function withOpsServer(
  use: (base: string, health: ReturnType<typeof createHealthRegistry>) => Promise<void>,
): Promise<void> {
  const health = createHealthRegistry();
  const registry = createMetrics({ service: 'ingress' });
  const reported: number[] = [];
  const server = createOpsServer({
    host: '127.0.0.1',
    port: 0,
    registry,
    health,
    onListening: port => void reported.push(port),
  });
  const stop = new AbortController();
  const port = await server.listen();
  const running = server.run(stop.signal);
  try {
    assert.deepEqual(reported, [port]);
    await use(`http://127.0.0.1:${port}`, health);
  } finally {
    stop.abort();
    await running;
  }
}

describe('operations server', () => {
  it('serves the metrics as Prometheus text, and as JSON for a supervisor', async () => {
    await withOpsServer(async base => {
      const text = await fetch(`${base}/metrics`);
      assert.match(text.headers.get('content-type') ?? '', /^text\/plain/);
      assert.match(await text.text(), /process_cpu_user_seconds_total\{service="ingress"\}/);
      const metrics = (await (await fetch(`${base}/metrics.json`)).json()) as { name: string }[];
      assert.ok(metrics.some(metric => metric.name === 'process_cpu_user_seconds_total'));
    });
  });

  it('tells liveness, startup and readiness apart', async () => {
    await withOpsServer(async (base, health) => {
      const statuses = async () =>
        Promise.all(['/livez', '/startupz', '/readyz'].map(async path => (await fetch(base + path)).status));
      assert.deepEqual(await statuses(), [200, 503, 503]);
      health.markStarted();
      assert.deepEqual(await statuses(), [200, 200, 200]);
      health.set('event-log', { ok: false, detail: 'no durable log answers' });
      assert.deepEqual(await statuses(), [200, 200, 503]);
      const body = (await (await fetch(`${base}/readyz`)).json()) as { parts: unknown };
      assert.deepEqual(body.parts, { 'event-log': { ok: false, detail: 'no durable log answers' } });
      health.set('event-log', { ok: true });
      health.markDraining();
      assert.deepEqual(await statuses(), [200, 200, 503]);
    });
  });

  it('answers HEAD without a body, other methods with 405, other paths with 404, as problem+json', async () => {
    await withOpsServer(async base => {
      const head = await fetch(`${base}/metrics`, { method: 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(await head.text(), '');
      const post = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
      assert.equal(post.status, 405);
      assert.equal(post.headers.get('allow'), 'GET, HEAD');
      const missing = await fetch(`${base}/webhook/telegram`);
      assert.equal(missing.status, 404);
      assert.equal(missing.headers.get('content-type'), 'application/problem+json');
      assert.equal(((await missing.json()) as { code: string }).code, 'ACKLINE_NOT_FOUND');
    });
  });

  it('names the port when another program holds it', async () => {
    await withOpsServer(async base => {
      const port = Number(new URL(base).port);
      const second = createOpsServer({
        host: '127.0.0.1',
        port,
        registry: createMetrics({ service: 'x', processMetrics: false }),
        health: createHealthRegistry(),
      });
      await assert.rejects(second.listen(), error => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'ACKLINE_PORT_IN_USE');
        assert.match(error.message, new RegExp(`Port ${port} on 127\\.0\\.0\\.1`));
        return true;
      });
    });
  });
});
