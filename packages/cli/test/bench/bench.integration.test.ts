// The command as CI runs it: at a real ingress, and at servers that are slow, broken or silent.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, type ReceivedRequest, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import type { CliOptions } from '../../src/cli.ts';
import { ranCli } from '../ran-cli.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const INGRESS = fileURLToPath(new URL('../../../../services/ingress/src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 60_000 };
const SECRETS = { TOKEN: 'bench-token', AUTH: 'f'.repeat(32), KEY: 'respond-io-key' };
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }
  - { name: whatsapp, provider: twilio, path: /webhook/whatsapp, aliases: [/webhook/whatsapp-optimized], secrets: [{ env: AUTH }] }
  - { name: faster-incoming, provider: respondio, path: /webhook/faster/incoming, secrets: [{ env: KEY }] }
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
/** A short one. On a busy machine a part ends with its second, before all of its requests: only the sustained one has 20 for sure. */
const SHORT = ['--requests', '20', '--concurrency', '4', '--rate', '20', '--seconds', '1'];

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-bench-'));
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
});
after(() => rm(folder, { recursive: true, force: true }));

interface Part {
  readonly part: string;
  readonly requests: number;
  readonly accepted: number;
  readonly averageMs: number;
  readonly p99Ms: number;
  readonly outcomes: Record<string, number>;
  readonly verdict: string;
}
interface Document {
  readonly ok: boolean;
  readonly interrupted: boolean;
  readonly unanswered: number;
  readonly fromCache: number;
  readonly parts: readonly Part[];
  readonly requirements: readonly { text: string; count: number; missed: number }[];
}

async function run(url: string, ...words: (string | Pick<CliOptions, 'confirm'>)[]) {
  const args = words.filter(word => typeof word === 'string');
  const { exitCode, out, err } = await ranCli(['bench', url, ...args], {
    folder,
    ...words.find(word => typeof word !== 'string'),
    environment: { ...SECRETS, ACKLINE_CONFIG: 'ackline.yaml' },
  });
  return { exitCode, text: out, err, document: () => JSON.parse(out) as Document };
}

describe('ackline bench at a running ingress', () => {
  let database: TestDatabase;
  let service: SpawnedService;
  let sql: pg.Client;
  let base = '';

  before(async () => {
    database = await createTestDatabase();
    const [port, opsPort] = [await freePort(), await freePort()];
    base = `http://127.0.0.1:${port}`;
    service = await spawnService(INGRESS, {
      cwd: folder,
      readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
      env: {
        ...SECRETS,
        DATABASE_URL: database.url,
        HOST: '127.0.0.1',
        OPS_HOST: '127.0.0.1',
        PORT: String(port),
        OPS_PORT: String(opsPort),
      },
    });
    sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
  });
  after(async () => {
    await service.stop();
    await sql.end();
    await database.close();
  });

  /** Rows of the inbox: a repeat that is answered from the cache adds none. */
  async function appended(): Promise<number> {
    const { rows } = await sql.query<{ count: string }>('select count(*) from inbox');
    return Number(rows[0]?.count);
  }

  /** All of them were. */
  function countAccepted(parts: readonly Part[]): number {
    for (const { part, accepted, requests } of parts) assert.ok(accepted > 0 && accepted === requests, part);
    assert.equal(parts.at(-1)?.accepted, 20);
    return parts.reduce((sum, { accepted }) => sum + accepted, 0);
  }

  for (const [path, provider] of [
    ['/webhook/telegram', 'telegram'],
    ['/webhook/whatsapp', 'twilio'],
    ['/webhook/whatsapp-optimized', 'twilio'],
    ['/webhook/faster/incoming', 'respondio'],
  ] as const) {
    it(`signs new events for ${path}, and each is appended`, async () => {
      const before = await appended();
      const { exitCode, document, err } = await run(base + path, ...SHORT, '--json');
      assert.equal(exitCode, 0, err);
      const { ok, parts, requirements } = document();
      assert.ok(ok);
      assert.deepEqual(
        parts.map(({ part }) => part),
        ['single', 'concurrent', 'sustained'],
        provider,
      );
      const sent = countAccepted(parts);
      assert.equal((await appended()) - before, sent);
      for (const { text, count } of requirements) assert.equal(count, sent, text);
    });
  }

  it('prints the verdict in the words that people know, with average and success rate', async () => {
    const { exitCode, text } = await run(base, ...SHORT, '--source', 'respondio');
    assert.equal(exitCode, 0);
    assert.match(text, /\/webhook\/faster\/incoming: signed samples of respondio/);
    assert.equal(text.match(/^ {2}[A-Z]+ - Response time [<>] \S+$/gm)?.length, 3, text);
    assert.equal(
      text.match(/^ {2}Average response time: .* \(p50 .*, p95 .*, p99 .*, slowest .*\)$/gm)?.length,
      3,
    );
    assert.equal(text.match(/^ {2}Success rate: 100% \(200 × \d+\)/gm)?.length, 3);
    assert.match(text, /^ {2}< \d+ ms +\d+ {2}█+$/m);
    assert.match(
      text,
      /^Requirement 2\.2 - Validation and queuing within 500ms: .*by the clock of the ingress\)$/m,
    );
  });

  it('shows repeats beside the first, answered without another append', async () => {
    const before = await appended();
    const { exitCode, document } = await run(base, ...SHORT, '--repeats', '--json');
    assert.equal(exitCode, 0);
    const { parts, fromCache, requirements } = document();
    assert.deepEqual(
      parts.map(({ part }) => part),
      ['single', 'cached', 'concurrent', 'sustained'],
    );
    const sent = countAccepted(parts);
    assert.equal(fromCache, parts[1]?.accepted);
    assert.equal((await appended()) - before, sent - fromCache, 'a repeat is no event');
    assert.equal(requirements.find(({ text }) => text.startsWith('Cached'))?.count, fromCache);
  });

  it('with another secret than the ingress has is FAILED, with the statuses, and exit status 1', async () => {
    const { exitCode, text, err } = await run(`${base}/webhook/telegram`, ...SHORT, '--source', 'respondio');
    assert.equal(exitCode, 1);
    assert.equal(text.match(/^ {2}FAILED - Success rate 0% < 100%$/gm)?.length, 3);
    assert.match(text, /\(401 × \d+\)/);
    assert.match(
      err,
      /^error \[ACKLINE_BENCH_FAILED\] single: success rate 0%, under 100%; concurrent: .* – Look at/,
    );
  });
});

describe('ackline bench at a server in trouble', () => {
  let server: FakeReceiver;
  before(async () => {
    server = await startFakeReceiver();
  });
  after(() => server.close());

  it('counts errors and resets by what they were; a success rate that allows them exits 0', async () => {
    let seen = 0;
    server.always(() => {
      seen += 1;
      if (seen % 5 === 2) return { status: 503 };
      return seen % 5 === 4 ? { reset: true } : { status: 200 };
    });
    const failed = await run(server.url, ...SHORT, '--json');
    assert.equal(failed.exitCode, 1);
    const { ok, parts } = failed.document();
    assert.equal(ok, false);
    const sustained = parts.at(-1);
    const { 200: accepted = 0, 503: unavailable, ...others } = sustained?.outcomes ?? {};
    assert.deepEqual([accepted, unavailable, Object.values(others)], [12, 4, [4]], 'one code of a reset');
    assert.equal(sustained?.verdict, 'FAILED - Success rate 60% < 100%');
    const allowed = await run(server.url, ...SHORT, '--json', '--min-success', '20');
    assert.equal(allowed.exitCode, 0, allowed.err);
    assert.ok(allowed.document().ok);
  });

  it('has a p99 over its limit as a failure, by the words of the slower step', async () => {
    server.always({ status: 200, delayMs: 60 });
    const { exitCode, err, document } = await run(server.url, ...SHORT, '--json', '--max-p99', '50ms');
    assert.equal(exitCode, 1);
    assert.match(err, /single: p99 \d+ ms, over 50 ms; concurrent: p99/);
    for (const { averageMs, verdict } of document().parts) {
      assert.ok(averageMs >= 59, `${averageMs} ms`);
      assert.doesNotMatch(verdict, /EXCELLENT/);
    }
  });

  it('shows a stall of the server in every request that was due meanwhile', async () => {
    const isSustained = (request: ReceivedRequest) =>
      /"update_id":70000(\d{4})/.exec(request.body.toString())?.[1];
    // The 3rd of the sustained part takes a second, on the one connection that there is.
    server.always(request => ({ status: 200, delayMs: isSustained(request) === '0004' ? 1_000 : 0 }));
    const args = ['--requests', '1', '--concurrency', '1', '--rate', '20', '--seconds', '1', '--json'];
    const { document } = await run(server.url, ...args);
    const sustained = document().parts.find(({ part }) => part === 'sustained');
    assert.equal(sustained?.requests, 20);
    // Sent one after the other, one of 20 would be slow and the average 50 ms; but 17 were due behind it, 50 ms apart.
    assert.ok(sustained.averageMs >= 400, `${sustained.averageMs} ms`);
  });

  it('does not take the head of an answer that breaks off for an answer', async () => {
    const broken = createServer(socket => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'));
    });
    await new Promise<void>(resolve => broken.listen(0, '127.0.0.1', resolve));
    const { port } = broken.address() as { port: number };
    try {
      const { exitCode, document } = await run(`http://127.0.0.1:${port}`, ...SHORT, '--json');
      assert.equal(exitCode, 1);
      for (const { accepted, requests } of document().parts) assert.ok(accepted === 0 && requests > 0);
    } finally {
      broken.close();
    }
  });

  it('where nothing listens counts what it was', async () => {
    const { exitCode, text } = await run('http://127.0.0.1:1', ...SHORT);
    assert.equal(exitCode, 1);
    assert.match(text, /ECONNREFUSED × \d+/);
    assert.match(text, /Requirement 2\.2 - .*: not known, the answers have no Server-Timing/);
  });
});

describe('ackline bench, stopped', () => {
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`by ${signal} prints the figures so far and exits ${exitCode}, though the server answers no more`, async () => {
      await using server = await startFakeReceiver();
      let answers = 5;
      server.always(() => (answers-- > 0 ? { status: 200 } : { hang: true }));
      await using command = await spawnService(MAIN, {
        args: ['bench', server.url, '--json'],
        cwd: folder,
        env: SECRETS,
      });
      await waitFor(() => server.requests.length >= 6, { ...SLOW, what: 'the request that gets no answer' });
      command.kill(signal);
      assert.deepEqual(await command.exited, { code: exitCode, signal: null }, command.output());
      const { interrupted, unanswered, parts } = JSON.parse(command.output()) as Document;
      assert.deepEqual([interrupted, unanswered], [true, 1]);
      assert.deepEqual(
        parts.map(({ part, requests }) => [part, requests]),
        [['single', 5]],
      );
    });
  }
});

describe('ackline bench, refused', () => {
  it('at another machine, before anything is read or sent, unless a person or --yes says that it is meant', async () => {
    const refused = await run('https://hooks.invalid/webhook/telegram', '--requests', '7', '--rate', '10');
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.err,
      /^hooks\.invalid is not this machine: up to 114 real events are made there\.\nerror \[ACKLINE_USAGE\] Nothing is sent: .* it takes --yes/,
    );
    const asked: string[] = [];
    const said = await run('http://hooks.invalid/nope', {
      confirm(question) {
        asked.push(question);
        return Promise.resolve(false);
      },
    });
    assert.deepEqual([said.exitCode, said.text, asked], [0, 'Nothing is sent.', ['Make them?']]);
    const meant = await run('http://0.0.0.0:1/webhook/telegram', ...SHORT, '--yes');
    assert.equal(meant.exitCode, 1);
    assert.match(meant.err, /ACKLINE_BENCH_FAILED/);
    assert.match(meant.text, /ECONNREFUSED × \d+/);
  });

  it('with more requests than it can measure, or a path that no source has', async () => {
    const many = await run('http://127.0.0.1:1', '--rate', '1000', '--seconds', '3600');
    assert.match(
      many.err,
      /\[ACKLINE_USAGE\] --rate 1000 for --seconds 3600 are 3,600,000 requests; at most 1,000,000/,
    );
    const path = await run('http://127.0.0.1:1/nope');
    assert.match(path.err, /\[ACKLINE_USAGE\] No source of the configuration has the path \/nope/);
    assert.deepEqual([many.exitCode, path.exitCode], [1, 1]);
  });
});
