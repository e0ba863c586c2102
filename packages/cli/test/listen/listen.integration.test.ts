import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startFakeReceiver, type FakeReceiver, type ReceivedRequest } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';
import { type ConsoleStage, startCli, startConsoleStage } from '../remote/console-stage.ts';

describe('ackline listen', { timeout: 180_000 }, () => {
  let stage: ConsoleStage;
  let receiver: FakeReceiver;
  before(async () => {
    stage = await startConsoleStage();
    receiver = await startFakeReceiver();
  });
  after(async () => {
    await receiver.close();
    await stage[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    receiver.clear();
    receiver.always({ status: 200 });
  });

  interface Wishes {
    readonly isTerminal?: boolean;
    readonly port?: number;
  }
  const listen = (args: readonly string[], { isTerminal = false, port = receiver.port }: Wishes = {}) =>
    startCli(['listen', `http://127.0.0.1:${port}`, ...args, '--url', stage.url], {
      folder: stage.folder,
      isTerminal,
      env: { NO_COLOR: '1' },
    });
  const header = ({ rawHeaders }: ReceivedRequest, name: string) =>
    rawHeaders.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
  const idsOf = (requests: readonly ReceivedRequest[]) =>
    requests.map(request => header(request, 'webhook-id')[0]);
  const cursors = async () => {
    const folder = join(stage.folder, 'data', 'listen');
    const names = await readdir(folder).catch(() => []);
    return Promise.all(names.map(async name => JSON.parse(await readFile(join(folder, name), 'utf8'))));
  };
  /** It has begun: what is stored from now on is behind its cursor. */
  const begun = (source: string) =>
    waitFor(async () => (await cursors()).some(({ filters }) => filters.source?.join() === source));

  it('sends the method, the path, the headers and the bytes as they came, and says what became of each', async () => {
    const cli = listen(['bytes']);
    await begun('bytes');
    const body = Buffer.from([0, 255, 10, 13, 27]);
    const id = await stage.store({
      source: 'bytes',
      method: 'PUT',
      body,
      headers: [
        ['Host', 'hooks.example.com'],
        ['Connection', 'keep-alive, X-Hop'],
        ['X-Hop', 'of the connection'],
        ['Content-Type', 'application/octet-stream'],
        ['X-Twice', '1'],
        ['X-Twice', '2'],
        ['Ackline-Url', 'forged'],
      ],
    });
    await waitFor(() => cli.out.length > 0);
    const [request] = receiver.requests;
    assert.ok(request !== undefined);
    assert.deepEqual([request.method, request.url, request.body], ['PUT', '/webhook/bytes?via=x', body]);
    assert.deepEqual(header(request, 'x-twice'), ['1', '2']);
    assert.deepEqual(header(request, 'ackline-url'), ['https://hooks.example.com/webhook/bytes?via=x']);
    assert.deepEqual(header(request, 'host'), [`127.0.0.1:${receiver.port}`]);
    assert.deepEqual(header(request, 'x-hop'), []);
    assert.match(cli.out[0] ?? '', new RegExp(`^[\\d:.]{12}  bytes +message +200 +[\\d.]+ m?s  ${id}$`));
    assert.equal(await cli.stop(), 0);
  });

  it('says which of the names that were given no source has', async () => {
    const cli = listen(['telegram', 'strip\u001b[31me']);
    await waitFor(() => cli.err.some(text => text.startsWith('No source is named strip·[31me: nothing')));
    assert.equal(await cli.stop(), 0);
  });

  it('keeps the order of a key, whatever its server takes for each, while other keys go on', async () => {
    const cli = listen(['a', 'b']);
    await begun('a,b');
    receiver.always(request => ({ status: 200, delayMs: Number(request.body.toString()) }));
    const ofKey: string[] = [];
    for (const delay of ['120', '60', '1'])
      ofKey.push(await stage.store({ source: 'a', orderingKey: 'k', body: delay }));
    const other = await stage.store({ source: 'b', orderingKey: 'k', body: '1' });
    await stage.store({ source: 'unasked', orderingKey: 'k', body: '1' });
    await waitFor(() => cli.out.length === 4);
    const ids = idsOf(receiver.requests);
    assert.deepEqual(
      ids.filter(id => id !== other),
      ofKey,
    );
    // The later ones are answered faster: side by side they would be first.
    const answered = cli.out.map(line => line.split('  ').at(-1)).filter(id => id !== other);
    assert.deepEqual(answered, ofKey);
    assert.ok(cli.out.findIndex(line => line.includes(other)) < 3, cli.out.join('\n'));
    await cli.stop();
  });

  it('waits for a server that is not there, says so once, and skips nothing', async () => {
    const port = await freePort();
    const cli = listen(['down'], { port });
    await begun('down');
    const ids = [
      await stage.store({ source: 'down', orderingKey: 'k' }),
      await stage.store({ source: 'down', orderingKey: 'k' }),
    ];
    await waitFor(() =>
      cli.err.some(text => text.includes('(ECONNREFUSED): waiting for it, nothing is skipped')),
    );
    await using late = await startFakeReceiver({ port });
    await waitFor(() => cli.out.length === 2);
    assert.deepEqual(idsOf(late.requests), ids);
    assert.equal(cli.err.filter(text => text.includes('ECONNREFUSED')).length, 1);
    assert.ok(cli.err.some(text => text.endsWith('answers again.')));
    await cli.stop();
  });

  it('one that breaks off without an answer gets it again; any answer counts', async () => {
    const cli = listen(['broken']);
    await begun('broken');
    receiver.script({ reset: true }, { status: 500 });
    const id = await stage.store({ source: 'broken' });
    await waitFor(() => cli.out.length > 0);
    assert.deepEqual(idsOf(receiver.requests), [id, id]);
    assert.match(cli.out[0] ?? '', / 500 /);
    await cli.stop();
  });

  it('goes on at its cursor after a restart, with what came meanwhile', async () => {
    const first = listen(['restart']);
    await begun('restart');
    const ids = [await stage.store({ source: 'restart', orderingKey: 'k' })];
    await waitFor(() => first.out.length === 1);
    await first.stop();
    ids.push(await stage.store({ source: 'restart', orderingKey: 'k' }));
    const second = listen(['restart']);
    await waitFor(() => second.out.length === 1);
    await second.stop();
    assert.deepEqual(idsOf(receiver.requests), ids);
    assert.match(second.err.join('\n'), /from where it was at \d{4}-.* on\.\nWhat came since comes now/);
    await stage.store({ source: 'restart' });
    const third = listen(['restart', '--from-now']);
    await waitFor(() => third.err.length > 0);
    const live = await waitFor(async () => {
      const id = await stage.store({ source: 'restart', type: 'live' });
      return third.out.length > 0 ? id : null;
    });
    assert.ok(live !== null && third.out.every(line => line.includes('live')), third.out.join('\n'));
    await third.stop();
  });

  it('one that ended before its server had answered sends it again', async () => {
    const first = listen(['again']);
    await begun('again');
    receiver.always({ hang: true });
    const id = await stage.store({ source: 'again' });
    await waitFor(() => receiver.requests.length === 1);
    await first.stop();
    receiver.always({ status: 200 });
    const second = listen(['again']);
    await waitFor(() => second.out.length === 1);
    assert.deepEqual(idsOf(receiver.requests), [id, id]);
    await second.stop();
  });

  it('goes on after the network was lost, cut or silent, and skips nothing', async () => {
    const cli = listen(['network']);
    await begun('network');
    const ids: string[] = [];
    for (let n = 0; n < 2; n++) {
      await stage.link.cut();
      await waitFor(
        () => cli.err.filter(text => text.startsWith('The console does not answer')).length === n + 1,
      );
      ids.push(await stage.store({ source: 'network', orderingKey: 'k' }));
      await stage.link.heal();
      await waitFor(() => cli.out.length === n + 1);
    }
    assert.deepEqual(idsOf(receiver.requests), ids);
    await cli.stop();
  });

  it('begins so long ago with --since, and with all sources where none is named', async () => {
    const old = await stage.store({ source: 'since-a' });
    await stage.pool.query(`update events set stored_at = now() - interval '1 h' where id = $1`, [old]);
    const id = await stage.store({ source: 'since-b' });
    const cli = listen(['--since', '10m', '--type', 'message']);
    await waitFor(() => idsOf(receiver.requests).includes(id));
    assert.ok(!idsOf(receiver.requests).includes(old));
    assert.match(cli.err[0] ?? '', /^Events of all sources go to http:\/\/127\.0\.0\.1:\d+, from 20/);
    await cli.stop();
  });

  it('keys: sends the last again, says where it is, gives it as curl, pauses, skips, and quits', async () => {
    const port = await freePort();
    const cli = listen(['keys'], { isTerminal: true, port });
    await begun('keys');
    assert.match(cli.err.join('\n'), /r retry the last/);
    cli.press('r');
    await waitFor(() => cli.err.includes('No event was answered yet.'));
    const stuck = await stage.store({ source: 'keys', orderingKey: 'k', type: 'stuck' });
    await waitFor(() => cli.err.some(text => text.includes('waiting for it')));
    cli.press('s');
    await waitFor(() => cli.out.some(line => line.includes(stuck) && line.includes('skipped by hand')));
    await using late = await startFakeReceiver({ port });
    const id = await stage.store({ source: 'keys', orderingKey: 'k', body: '{"a":"\u001b[2J"}' });
    await waitFor(() => late.requests.length === 1);
    await waitFor(() => cli.out.some(line => line.includes(id)));
    cli.press('r');
    await waitFor(() => late.requests.length === 2);
    assert.deepEqual(header(late.requests[1]!, 'webhook-replay'), ['true']);
    cli.press('o');
    assert.equal(cli.err.at(-1), `${stage.url}/events/${id}`);
    cli.press('c');
    assert.match(cli.err.at(-1) ?? '', /^printf '\{"a":"\\033\[2J"\}' \|\ncurl -i -X 'POST'/);
    cli.press('p');
    const paused = await stage.store({ source: 'keys', orderingKey: 'k' });
    cli.press('p');
    await waitFor(() => idsOf(late.requests).includes(paused));
    cli.press('q');
    assert.equal(await cli.exit, 0);
  });

  it('a paused one sends nothing until it goes on, also not what it has already', async () => {
    const cli = listen(['paused'], { isTerminal: true });
    const barrier = listen(['barrier']);
    await begun('paused');
    await begun('barrier');
    receiver.always(({ url }) => ({ status: 200, delayMs: url.includes('paused') ? 300 : 0 }));
    const first = await stage.store({ source: 'paused', orderingKey: 'k' });
    const second = await stage.store({ source: 'paused', orderingKey: 'k' });
    await waitFor(() => idsOf(receiver.requests).includes(first));
    cli.press('p');
    const third = await stage.store({ source: 'paused' });
    await waitFor(() => cli.out.length === 1);
    for (let n = 1; n <= 3; n++) {
      await stage.store({ source: 'barrier' });
      await waitFor(() => barrier.out.length === n);
    }
    const sent = () => new Set(idsOf(receiver.requests));
    assert.ok(!sent().has(second) && !sent().has(third));
    cli.press('p');
    await waitFor(() => sent().has(second) && sent().has(third));
    await Promise.all([cli.stop(), barrier.stop()]);
  });

  it('an event that can not be read or sent is said to be skipped, and holds up none behind it', async () => {
    const cli = listen(['odd']);
    await begun('odd');
    await cli.stop();
    const unreadable = await stage.store({ source: 'odd', orderingKey: 'k' });
    await stage.pool.query(`update events set meta = '\\x00' where id = $1`, [unreadable]);
    const unsendable = await stage.store({
      source: 'odd',
      orderingKey: 'k',
      headers: [['X-Bad', 'a\u0001b']],
    });
    const sound = await stage.store({ source: 'odd', orderingKey: 'k' });
    const again = listen(['odd']);
    await waitFor(() => again.out.length === 3);
    assert.deepEqual(idsOf(receiver.requests), [sound]);
    assert.ok(again.out[0]?.includes(unreadable) && again.out[0].includes('can not be read'));
    assert.ok(again.out[1]?.includes(unsendable) && again.out[1].includes('can not be sent'));
    await again.stop();
  });

  it('a cursor of another database ends it, and says what to do', async () => {
    const cli = listen(['foreign']);
    await begun('foreign');
    await cli.stop();
    const folder = join(stage.folder, 'data', 'listen');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const kept = JSON.parse(await readFile(path, 'utf8'));
      if (kept.filters.source?.join() === 'foreign')
        await writeFile(path, JSON.stringify({ ...kept, cursor: '2026-11-30.99999999' }));
    }
    const again = listen(['foreign']);
    assert.equal(await again.exit, 1);
    assert.match(again.err.at(-1) ?? '', /^error \[ACKLINE_CURSOR_AHEAD\] .*--since 10m/);
  });

  it('what is no console, or refuses, ends it with one line', async () => {
    await using page = createServer((_request, response) => response.writeHead(404).end('<html>\u001b[2J'));
    page.listen(0, '127.0.0.1');
    await waitFor(() => page.address() !== null);
    const { port } = page.address() as { port: number };
    const cli = startCli(['listen', '9', '--url', `http://127.0.0.1:${port}`], { folder: stage.folder });
    assert.equal(await cli.exit, 1);
    assert.match(cli.err.at(-1) ?? '', /^error \[ACKLINE_CONSOLE_UNKNOWN\] It answered 404: <html>·\[2J/);
  });
});
