import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { bareEnvironment } from '@ackline/testkit/bare-environment';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';

const run = promisify(execFile);
const image = fileURLToPath(new URL('../../bin/image.mjs', import.meta.url));
const CONFIG =
  'sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]\n';
const options = { skip: process.execve === undefined ? 'this system has no execve' : false };

describe('the entry of the image', options, () => {
  it('passes words, output and exit status of a command through', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    assert.equal((await run(process.execPath, [image, '--version'])).stdout.trim(), version);
    assert.equal((await run(process.execPath, [image, 'ackline', '--version'])).stdout.trim(), version);
    await assert.rejects(run(process.execPath, [image, 'events', '--limit', '0']), {
      code: 1,
      stderr: /^error \[ACKLINE_USAGE\]/,
    });
  });

  it('says what is wrong with its words in one line', async () => {
    await assert.rejects(run(process.execPath, [image, 'processor', 'now']), {
      code: 1,
      stderr: /^error \[ACKLINE_USAGE\] processor takes no further words[^\n]*\n$/,
    });
  });

  it('becomes the service, with its flags: the same process drains on SIGTERM and ends with 0', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-image-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    try {
      await withDatabase(({ url }) => runIngress(url, join(folder, 'ackline.yaml')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function runIngress(databaseUrl: string, config: string): Promise<void> {
  const opsPort = await freePort();
  const child = spawn(process.execPath, [image, 'ingress'], {
    env: {
      ...bareEnvironment(),
      DATABASE_URL: databaseUrl,
      ACKLINE_CONFIG: config,
      TOKEN: 'test-only',
      HOST: '127.0.0.1',
      OPS_HOST: '127.0.0.1',
      PORT: '0',
      OPS_PORT: String(opsPort),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)));
  const exited = new Promise<unknown>(resolve => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  try {
    await waitFor(async () => (await fetch(`http://127.0.0.1:${opsPort}/startupz`)).ok, {
      timeoutMs: 60_000,
    });
    if (process.platform === 'linux') {
      const words = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
      assert.deepEqual(
        NODE_ARGUMENTS.filter(argument => !words.includes(argument)),
        [],
      );
    }
    child.kill('SIGTERM');
    assert.equal(await exited, 0);
    assert.match(output, /ingress\.stopped/);
  } catch (error) {
    throw new Error(`The ingress said:\n${output}`, { cause: error });
  } finally {
    child.kill('SIGKILL');
  }
}
