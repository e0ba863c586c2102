import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { completeDevEnv, readDevEnv } from '../../src/data-directory/dev-env.ts';
import { type DataLayout, dataLayout, prepareDataDirectory } from '../../src/data-directory/layout.ts';
import { isLocked, lockDataDirectory } from '../../src/data-directory/lock.ts';
import { readUpState, writeUpState } from '../../src/data-directory/up-state.ts';
import { exampleConfig, source } from '../example-config.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))));

async function newLayout(): Promise<DataLayout> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-cli-'));
  folders.push(folder);
  const layout = dataLayout(join(folder, '.ackline'));
  await prepareDataDirectory(layout);
  return layout;
}

const config = exampleConfig({ sources: [source({ secrets: [{ env: 'FIRST' }, { env: 'SECOND' }] })] });

test('missing secrets are generated into a private file, those of the environment are not', async () => {
  const layout = await newLayout();
  const { added } = await completeDevEnv(layout, config, { FIRST: 'mine', SECOND: '' });
  assert.deepEqual(added, ['SECOND']);
  assert.equal((await stat(layout.devEnv)).mode & 0o777, 0o600);
  assert.deepEqual(Object.keys(await readDevEnv(layout)), ['SECOND']);
});

test('a second start changes no line, and adds only what is new', async () => {
  const layout = await newLayout();
  await writeFile(layout.devEnv, '# mine\nFIRST=kept', { mode: 0o600 });
  await completeDevEnv(layout, config, {});
  const text = await readFile(layout.devEnv, 'utf8');
  assert.match(text, /^# mine\nFIRST=kept\nSECOND=\S+\n$/);
  assert.deepEqual((await completeDevEnv(layout, config, {})).added, []);
  assert.equal(await readFile(layout.devEnv, 'utf8'), text);
});

test('a public key is generated with what it is signed with, under the name beside it', async () => {
  const layout = await newLayout();
  const discord = source({ provider: 'discord', secrets: [{ env: 'DISCORD_PUBLIC_KEY' }] });
  const { added, values } = await completeDevEnv(layout, exampleConfig({ sources: [discord] }), {});
  assert.deepEqual(added, ['DISCORD_PUBLIC_KEY', 'DISCORD_PUBLIC_KEY_SIGNING_KEY']);
  const text = await readFile(layout.devEnv, 'utf8');
  assert.match(
    text,
    /\nDISCORD_PUBLIC_KEY=[0-9a-f]{64}\nDISCORD_PUBLIC_KEY_SIGNING_KEY=seed_[0-9a-f]{64}\n$/,
  );
  assert.deepEqual({ ...(await readDevEnv(layout)) }, values);
});

test('a public key that was taken out comes back as a pair, which counts though the old signing key stands', async () => {
  const layout = await newLayout();
  const discord = source({ provider: 'discord', secrets: [{ env: 'KEY' }] });
  const config = exampleConfig({ sources: [discord] });
  await writeFile(layout.devEnv, 'KEY_SIGNING_KEY=seed_of_another\n', { mode: 0o600 });
  const { values } = await completeDevEnv(layout, config, {});
  assert.match(values['KEY_SIGNING_KEY'] ?? '', /^seed_[0-9a-f]{64}$/);
  assert.deepEqual({ ...(await readDevEnv(layout)) }, values);
});

test('the data directory keeps itself out of git', async () => {
  const layout = await newLayout();
  assert.equal(await readFile(join(layout.root, '.gitignore'), 'utf8'), '*\n');
});

/** Another process that has the directory until it is killed. */
async function holdInChild(layout: DataLayout, t: TestContext) {
  const lock = new URL('../../src/data-directory/lock.ts', import.meta.url).href;
  const script = `
    const { lockDataDirectory } = await import(${JSON.stringify(lock)});
    globalThis.lock = await lockDataDirectory(JSON.parse(process.argv[1]));
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(layout)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a directory in use is refused with the holder, and free again once the holder is killed', async t => {
  const layout = await newLayout();
  const holder = await holdInChild(layout, t);
  const state = {
    pid: holder.pid ?? 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    databaseUrl: 'postgres://x',
    ingressUrl: 'http://x',
    operationsUrl: 'http://x',
    services: {},
  };
  await writeUpState(layout, state);
  assert.equal((await stat(layout.upState)).mode & 0o777, 0o600);
  assert.equal(isLocked(layout), true);
  await assert.rejects(lockDataDirectory(layout), (error: Error) => {
    assert.match(error.message, new RegExp(`process ${holder.pid} \\(since 2026-01-01`));
    return true;
  });

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  assert.equal(isLocked(layout), false);
  using lock = await lockDataDirectory(layout);
  assert.deepEqual(lock.leftover, state);
  assert.equal(await readUpState(layout), null, 'what the killed one wrote must not be believed');
});
