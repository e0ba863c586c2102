import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import type { LogLevel } from '@ackline/shared/log-level';

function start(level: LogLevel) {
  const lines: { readonly msg: string; readonly from?: string; readonly to?: string }[] = [];
  const told: LogLevel[] = [];
  const log = createLogger({
    service: 'ingress',
    level,
    destination: { write: line => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
  });
  return { log, lines, told, follow: createLogLevelSwitch(log, level, now => void told.push(now)) };
}

describe('the level of a running log', () => {
  it('is what the file says, and the one of the start again where it says nothing', () => {
    const { log, told, follow } = start('info');
    const levels = (['debug', null, 'error', null] as const).map(declared => {
      follow(declared);
      return log.level;
    });
    assert.deepEqual(levels, ['debug', 'info', 'error', 'info']);
    assert.deepEqual(told, levels);
  });

  it('says a change once, where the old or the new level shows it', () => {
    const { lines, follow } = start('error');
    for (const declared of ['debug', 'debug', 'warn', 'error', null] as const) follow(declared);
    assert.deepEqual(
      lines.map(({ msg, from, to }) => [msg, from, to]),
      [
        ['log.level-changed', 'error', 'debug'],
        ['log.level-changed', 'debug', 'warn'],
      ],
    );
  });
});
