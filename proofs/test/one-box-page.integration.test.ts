// docs/one-box.md: its commands, in their order, on a folder that stands for the machine.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findDebianPrograms } from '@ackline/testkit/debian-programs';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { commandsOf } from '../src/alerts/runbook-commands.ts';
import { createMachine, type Machine } from '../src/one-box/machine.ts';
import { ONE_BOX, ROOT } from '../src/one-box/one-box-files.ts';
import type { ProviderCall } from '../src/one-box/provider-call.ts';
import { type Sent, sendUpdates } from '../src/one-box/sending.ts';

const programs = findDebianPrograms('nginx', ['nginx']);
const nginx = programs.kind === 'found' ? join(programs.folder, 'nginx') : null;
const withoutNginx = programs.kind === 'unavailable' ? `there is no nginx: ${programs.reason}` : false;
if (withoutNginx !== false) console.log(`docs/one-box.md is tried without its TLS, ${withoutNginx}`);
/** The only commands that need nginx. Without it webhooks go to the port behind it. */
const TLS_SECTION = '5. TLS';
const page = await readFile(join(ROOT, 'docs/one-box.md'), 'utf8');
const blocks = commandsOf(page);
const DELIVERY_LIMIT_MS = 60_000;
const CERTIFICATE = 'etc/letsencrypt/live/hooks.example.com/fullchain.pem';

describe('docs/one-box.md', () => {
  it('links each of its files', async () => {
    for (const name of await readdir(ONE_BOX))
      assert.match(page, new RegExp(`\\(one-box/${RegExp.escape(name)}\\)`));
  });
});

describe('the commands of docs/one-box.md', () => {
  let machine: Machine;
  let receiver: FakeReceiver;
  let left = blocks.filter(({ section }) => nginx !== null || section !== TLS_SECTION);

  before(async () => {
    receiver = await startFakeReceiver();
    machine = await createMachine({ nginx, receiverUrl: receiver.url });
  });

  after(async () => {
    await machine[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  /** Runs the next blocks of the page, which are those below a heading; returns what each prints. */
  async function runSection(heading: string, count: number): Promise<string[]> {
    const printed: string[] = [];
    for (const { section, text } of left.slice(0, count)) {
      assert.equal(section, heading);
      printed.push(await machine.run(text));
    }
    left = left.slice(count);
    return printed;
  }

  async function sending(firstId: number, isOver: () => boolean): Promise<Sent> {
    const door =
      nginx === null
        ? { port: machine.httpPort, certificate: null }
        : { port: machine.httpsPort, certificate: await machine.read(CERTIFICATE) };
    const token = (await machine.read('etc/ackline/secrets/telegram')).trim();
    const call = (id: number): ProviderCall => ({
      ...door,
      host: 'hooks.example.com',
      from: '127.0.0.2',
      path: '/webhook/telegram',
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Telegram-Bot-Api-Secret-Token', token],
      ],
      body: bodyOf(id),
    });
    return sendUpdates(call, { firstId, isOver });
  }

  const delivered = () =>
    receiver.requests
      .filter(({ url }) => url === '/updates')
      .map(({ body }) => (JSON.parse(body.toString()) as { update_id: number }).update_id);
  const untilDelivered = (ids: readonly number[]) =>
    waitFor(() => new Set(delivered()).isSupersetOf(new Set(ids)), { timeoutMs: DELIVERY_LIMIT_MS });

  async function sendThree(firstId: number): Promise<Sent> {
    let count = 0;
    const sent = await sending(firstId, () => count++ === 3);
    assert.deepEqual(sent.refused, []);
    return sent;
  }

  /** Sends while the next blocks run, and until the whole of it was accepted; after them where nothing answers for a port that is away. */
  async function sendWhile(firstId: number, work: () => Promise<unknown>): Promise<Sent> {
    if (nginx === null) {
      await work();
      return sendThree(firstId);
    }
    let isOver = false;
    const sent = sending(firstId, () => isOver);
    await work().finally(() => {
      isOver = true;
    });
    return sent;
  }

  it('put a release, its files and its secrets in place, and the configuration is good', async () => {
    await runSection('1. The release', 1);
    await runSection('2. User, folders, files', 1);
    const [, checked] = await runSection('3. Secrets and configuration', 2);
    assert.match(checked ?? '', /2 sources/);
  });

  it('start the service', async () => {
    const [started] = await runSection('4. The service', 1);
    assert.match(started ?? '', /"status":"healthy"/);
  });

  it('put TLS in front of it', { skip: withoutNginx }, async () => {
    const [reached] = await runSection(TLS_SECTION, 1);
    assert.match(reached ?? '', /"status":"healthy"/);
  });

  it('and a webhook arrives', async () => {
    const { ids } = await sendThree(1);
    await untilDelivered(ids);
    const [looked] = await runSection('Is it well?', 1);
    assert.match(looked ?? '', /telegram/);
  });

  it('have what fails told, by its unit and its last lines', async () => {
    await runSection('Is it well?', 1);
    await assert.rejects(machine.run('systemctl start ackline-doctor'), /url-unreachable/);
    const alerts = receiver.requests
      .filter(({ url }) => url === '/ackline')
      .map(({ body }) => body.toString());
    assert.equal(alerts.length, 2);
    assert.match(alerts[0] ?? '', /^a-test has failed on /);
    assert.match(alerts[1] ?? '', /^ackline-doctor\.service has failed on [^]*url-unreachable/);
  });

  it('write a backup and try it beside what runs', async () => {
    const [listed, ,] = [...(await runSection('Backup, and trying it', 1))];
    assert.match(listed ?? '', /\.backup$/m);
    const [tried] = await runSection('Backup, and trying it', 1);
    assert.match(tried ?? '', /^events +3$/m);
  });

  it('have it back after the loss of the data, and nothing of it is sent again', async () => {
    const before = delivered().length;
    await runSection('Backup, and trying it', 1);
    await machine.run('until curl -sf http://127.0.0.1:9464/readyz; do sleep 0.2; done');
    const listed = await machine.run('ackline events --json');
    assert.equal(listed.trim().split('\n').length, 3);
    const { ids } = await sendWhile(50, () => machine.run('ackline events --limit 1'));
    await untilDelivered(ids);
    assert.equal(delivered().length, before + ids.length);
  });

  it('upgrade and go back: callers get 503 from nginx for seconds, send again, and each event is delivered once', async () => {
    await runSection('Upgrade, and back', 1);
    for (const [what, firstId, release] of [
      ['upgrade', 1_000, '0.2.0'],
      ['back', 2_000, '0.1.0'],
    ] as const) {
      const sent = await sendWhile(firstId, () => runSection('Upgrade, and back', 1));
      if (nginx !== null) assert.ok(sent.refused.length > 0, 'the restart is seen');
      assert.match(
        await machine.run('readlink /opt/ackline'),
        new RegExp(`ackline-${RegExp.escape(release)}$`, 'm'),
      );
      for (const { status, retryAfter } of sent.refused) assert.deepEqual([status, retryAfter], [503, '5']);
      await untilDelivered(sent.ids);
      assert.equal(delivered().filter(id => id >= firstId).length, sent.ids.length);
      if (nginx !== null)
        console.log(`${what}: 503 for ${(sent.awayMs / 1_000).toFixed(1)} s, ${sent.refused.length} answers`);
    }
  });

  it('are all of the page', () => {
    assert.deepEqual(left, []);
  });
});

function bodyOf(id: number): Buffer {
  return Buffer.from(`{"update_id":${id},"message":{"chat":{"id":${id}},"date":1700000000,"text":"hello"}}`);
}
