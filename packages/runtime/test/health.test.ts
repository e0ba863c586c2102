import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHealthRegistry } from '@ackline/runtime/health';

describe('createHealthRegistry', () => {
  it('is not ready before the start is done', () => {
    const health = createHealthRegistry();
    health.set('event-log', { ok: true });
    assert.equal(health.snapshot().ready, false);
    health.markStarted();
    assert.equal(health.snapshot().ready, true);
  });

  it('is not ready while one part is not ok, and names it', () => {
    const health = createHealthRegistry();
    health.markStarted();
    health.set('event-log', { ok: false, detail: 'no durable log answers' });
    health.set('http', { ok: true });
    assert.deepEqual(health.snapshot(), {
      started: true,
      draining: false,
      ready: false,
      parts: { 'event-log': { ok: false, detail: 'no durable log answers' }, http: { ok: true } },
    });
    health.set('event-log', { ok: true });
    assert.equal(health.snapshot().ready, true);
  });

  it('asks a watched part at each snapshot', () => {
    const health = createHealthRegistry();
    health.markStarted();
    let ok = true;
    health.watch('event-log', () => ({ ok }));
    assert.equal(health.snapshot().ready, true);
    ok = false;
    assert.equal(health.snapshot().ready, false);
  });

  it('stays not ready once it drains, and stays started', () => {
    const health = createHealthRegistry();
    health.markStarted();
    health.markDraining();
    health.set('http', { ok: true });
    assert.deepEqual(health.snapshot(), {
      started: true,
      draining: true,
      ready: false,
      parts: { http: { ok: true } },
    });
  });
});
