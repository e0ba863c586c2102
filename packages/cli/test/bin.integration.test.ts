import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bin = fileURLToPath(new URL('../bin/ackline.mjs', import.meta.url));
const SYSTEM_NODE = '/usr/bin/node';

async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The version of the Node that the machine brings, null where it has none. */
async function systemNode(): Promise<string | null> {
  const isThere = await access(SYSTEM_NODE).then(
    () => true,
    () => false,
  );
  return isThere ? (await run(SYSTEM_NODE, ['--version'])).stdout.trim() : null;
}

test('the command runs in place on a Node that is new enough', async () => {
  const { stdout } = await run(process.execPath, [bin, '--version']);
  assert.equal(stdout.trim(), await version());
});

test('an older Node hands over to the pinned one, with arguments and exit status', async t => {
  const system = await systemNode();
  if (system === null || /^v(2[4-9]|[3-9]\d)\./.test(system)) {
    t.skip(`${SYSTEM_NODE} is ${system ?? 'not there'}: there is no older Node to try`);
    return;
  }
  assert.equal((await run(SYSTEM_NODE, [bin, '--version'])).stdout.trim(), await version());
  await assert.rejects(run(SYSTEM_NODE, [bin, 'events', '--limit', '0']), {
    code: 1,
    stderr: /^error \[ACKLINE_USAGE\]/,
  });
});
