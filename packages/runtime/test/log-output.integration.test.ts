import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

const logger = new URL('../src/logger.ts', import.meta.url).href;

/** What a process that logs has written when it has ended. */
async function written(script: string): Promise<{ lines: string[]; code: number | null }> {
  const source = `import { createLogger, flushLogs } from ${JSON.stringify(logger)};
    const log = createLogger({ service: 'test', level: 'info' });
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { lines: output.split('\n').filter(line => line !== ''), code: code as number | null };
}

describe('lines that wait to be written', () => {
  it('are all there when the process ends because nothing is left to do', async () => {
    const { lines, code } = await written('for (let n = 0; n < 5_000; n += 1) log.info({ n });');
    assert.equal(lines.length, 5_000);
    assert.equal(JSON.parse(lines.at(-1) ?? '').n, 4_999);
    assert.equal(code, 0);
  });

  it('are all there after process.exit, in order', async () => {
    const { lines, code } = await written(
      'for (let n = 0; n < 5_000; n += 1) log.info({ n }); process.exit(3);',
    );
    assert.deepEqual(
      lines.map(line => JSON.parse(line).n),
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    assert.equal(code, 3);
  });

  it('are there before a process ends itself by a signal, once they were flushed', async () => {
    const { lines } = await written(
      "log.warn({}, 'last'); flushLogs(log); process.kill(process.pid, 'SIGKILL');",
    );
    assert.match(lines[0] ?? '', /"msg":"last"/);
  });

  it('are there after a last word, whatever follows', async () => {
    const { lines } = await written(
      "log.info({}, 'first'); log.fatal({}, 'last'); process.kill(process.pid, 'SIGKILL');",
    );
    assert.equal(lines.length, 2);
  });

  it('are written while the process goes on', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '-e',
        `import { createLogger } from ${JSON.stringify(logger)};
         createLogger({ service: 'test', level: 'info' }).info({}, 'here'); process.stdin.resume();`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(chunk.toString(), /"msg":"here"/);
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  it('do not hold up the end of a process whose reader has gone', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '-e',
        `import { createLogger } from ${JSON.stringify(logger)};
         const log = createLogger({ service: 'test', level: 'info' });
         process.stdin.on('close', () => { log.fatal({}, 'last'); log.info({}, 'more'); process.exit(5); }).resume();`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    child.stdout.destroy();
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 5);
  });

  it('are dropped and counted when nobody reads them in time, and the process goes on', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '-e',
        `import { createLogger } from ${JSON.stringify(logger)};
         const log = createLogger({ service: 'test', level: 'info' });
         const long = 'x'.repeat(1000);
         for (let n = 0; n < 10_000; n += 1) log.info({ long });
         process.stdin.on('end', () => log.info({}, 'after')).resume();`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const output = text(child.stdout);
    child.stdin.end();
    const lines = (await output).split('\n').filter(line => line !== '');
    const told = lines.map(line => JSON.parse(line)).find(({ msg }) => msg === 'log.dropped');
    assert.equal(lines.filter(line => line.includes('xxx')).length + told?.lines, 10_000);
  });

  it('do not hold up the end of a process whose reader has stalled', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module-typescript',
        '-e',
        `import { createLogger } from ${JSON.stringify(logger)};
         const log = createLogger({ service: 'test', level: 'info' });
         const long = 'x'.repeat(1000);
         for (let n = 0; n < 3_000; n += 1) log.info({ long });
         process.stdin.on('end', () => { log.fatal({}, 'last'); process.exit(6); }).resume();`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 6);
    child.stdout.destroy();
  });
});
