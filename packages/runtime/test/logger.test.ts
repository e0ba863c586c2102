import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import type { LogLevel } from '@ackline/shared/log-level';
import { createLogger } from '@ackline/runtime/logger';

function logged(level: LogLevel, write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  write(createLogger({ service: 'ingress', level, destination }));
  return lines;
}

describe('createLogger', () => {
  it('writes the service, the level by name and an ISO time', () => {
    const [line] = logged('info', log => log.info({ id: 'e1' }, 'webhook.accepted'));
    assert.equal(line?.['service'], 'ingress');
    assert.equal(line?.['level'], 'info');
    assert.equal(line?.['msg'], 'webhook.accepted');
    assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('drops everything that a driver hung on an error, of its cause too', () => {
    const cause = Object.assign(new Error('insert failed'), {
      code: '23505',
      detail: 'Key (body)=(secret)',
      parameters: ['secret'],
    });
    const error = Object.assign(new AppError('ACKLINE_NOT_DURABLE', undefined, { cause }), {
      request: { body: 'secret' },
    });
    const [line] = logged('info', log => log.error({ err: error }, 'append.failed'));
    assert.deepEqual(line?.['err'], {
      name: 'AppError',
      message: 'No event log could take the event just now',
      code: 'ACKLINE_NOT_DURABLE',
      cause: { name: 'Error', message: 'insert failed', code: '23505' },
    });
  });

  it('shows the stack at debug only', () => {
    const [line] = logged('debug', log => log.error({ err: new Error('x') }, 'append.failed'));
    assert.ok(line);
    const { stack } = line['err'] as { stack: string };
    assert.match(stack, /logger\.test\.ts/);
  });

  it('shows the stack from the moment in which the level becomes debug', () => {
    const lines = logged('info', log => {
      log.error({ err: new Error('x') }, 'append.failed');
      log.level = 'debug';
      log.error({ err: new Error('x') }, 'append.failed');
    });
    assert.deepEqual(
      lines.map(line => 'stack' in (line['err'] as object)),
      [false, true],
    );
  });

  it('never writes what was thrown when it is not an error', () => {
    const [line] = logged('info', log => log.error({ err: 'secret text' }, 'append.failed'));
    assert.deepEqual(line?.['err'], { name: 'NonError', message: 'string' });
  });

  it('cuts an error that quotes without end, and a chain of causes without end', () => {
    const loop: Error & { cause?: unknown } = new Error('x'.repeat(5_000));
    loop.cause = loop;
    const [line] = logged('info', log => log.error({ err: loop }, 'append.failed'));
    assert.ok(JSON.stringify(line).length < 5_000);
  });
});
