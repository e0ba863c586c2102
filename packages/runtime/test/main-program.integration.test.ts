import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

const PROGRAM = new URL('./fixtures/program.ts', import.meta.url);

function start(mode: string) {
  const child = fork(PROGRAM, {
    env: { ...process.env, MODE: mode },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  assert.ok(child.stdout);
  // 'exit' and not 'close': the latter never comes for a child whose channel was closed by its parent.
  const ended = Promise.all([once(child, 'exit'), text(child.stdout)]).then(([[code, signal], output]) => ({
    code: code as number | null,
    signal: signal as string | null,
    output,
  }));
  return { child, ended };
}

async function started(child: ChildProcess): Promise<void> {
  const [message] = (await once(child, 'message')) as [{ kind: string }];
  assert.equal(message.kind, 'started');
}

describe('runProgram', () => {
  it('drains on SIGTERM and exits 0', async () => {
    const { child, ended } = start('clean');
    await started(child);
    child.kill('SIGTERM');
    const { code, signal, output } = await ended;
    assert.deepEqual([code, signal], [0, null]);
    assert.match(output, /"reason":"SIGTERM".*"msg":"drain\.started"/);
  });

  it('drains when the parent lets go of it', async () => {
    const { child, ended } = start('clean');
    await started(child);
    child.disconnect();
    assert.equal((await ended).code, 0);
  });

  it('dies of a second signal', async () => {
    const { child, ended } = start('hangs');
    await started(child);
    child.kill('SIGTERM');
    await once(child, 'message');
    child.kill('SIGINT');
    const { code, signal } = await ended;
    assert.deepEqual([code, signal], [null, 'SIGINT']);
  });

  it('cuts a drain that is over its deadline, and does not call that a success', async () => {
    const { child, ended } = start('deadline');
    await started(child);
    child.kill('SIGTERM');
    const { code, output } = await ended;
    assert.equal(code, 1);
    assert.match(output, /drain\.deadline-passed/);
  });

  it('prints a bad configuration as one line with its code, and exits 1', async () => {
    const { code, output } = await start('bad-config').ended;
    assert.equal(code, 1);
    const lines = output.trim().split('\n');
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /"code":"ACKLINE_CONFIG_INVALID".*"msg":"sample\.failed"/);
  });

  it('ends on a promise that nobody watches', async () => {
    const { ended } = start('unwatched');
    const { code, output } = await ended;
    assert.equal(code, 1);
    assert.match(output, /nobody watches/);
  });
});
