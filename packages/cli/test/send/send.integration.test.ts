// The command as a person runs it, at a real ingress with a source of every provider.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newKeysOf } from '@ackline/shared/new-keys';
import { providers } from '@ackline/shared/providers/registry';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import pg from 'pg';
import { keyVariables } from '../../src/data-directory/dev-env.ts';
import { ranCli } from '../ran-cli.ts';

const INGRESS = fileURLToPath(new URL('../../../../services/ingress/src/main.ts', import.meta.url));
const names = [...providers.keys()];
const variableOf = (name: string) => `${name.toUpperCase().replaceAll('-', '_')}_SECRET`;
/** With what signs beside a public key. */
const SECRETS: Readonly<Record<string, string>> = Object.assign(
  {},
  ...[...providers].map(([name, provider]) => keyVariables(variableOf(name), newKeysOf(provider))),
);
const OTHER_SECRET = 'whsec_b2YtYW5vdGhlci1lbmRwb2ludC0wMTIzNDU2Nzg5';
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
${names.map(name => `  - { name: my-${name}, provider: ${name}, path: /webhook/${name}, secrets: [{ env: ${variableOf(name)} }] }`).join('\n')}
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
/** 300 bytes that are no text, with a JSON object around them. */
const BYTES = Buffer.concat([
  Buffer.from('{"a":"'),
  Buffer.from('zażółć 👋'.repeat(20)),
  Buffer.from('"}\r\n'),
]);

/** SendGrid sends lists. */
const LIST = Buffer.concat([Buffer.from('['), BYTES, Buffer.from(']')]);

describe('ackline send at a running ingress', () => {
  let folder = '';
  let database: TestDatabase;
  let ingress: SpawnedService;
  let sql: pg.Client;
  let base = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-send-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    await writeFile(join(folder, 'body.json'), BYTES);
    await writeFile(join(folder, 'list.json'), LIST);
    database = await createTestDatabase();
    const [port, opsPort] = [await freePort(), await freePort()];
    base = `http://127.0.0.1:${port}`;
    ingress = await spawnService(INGRESS, {
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
  beforeEach(() => sql.query('delete from inbox'));
  after(async () => {
    await ingress.stop();
    await sql.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  async function send(words: readonly string[], input = '') {
    const { exitCode, lines, err, text } = await ranCli(['send', '--url', base, ...words], {
      folder,
      input: Readable.from([Buffer.from(input)]),
      environment: { ...SECRETS, OTHER: OTHER_SECRET, ACKLINE_CONFIG: 'ackline.yaml' },
    });
    for (const secret of [OTHER_SECRET, ...Object.values(SECRETS)]) assert.ok(!text.includes(secret), text);
    return { exitCode, out: lines, err };
  }

  async function stored(): Promise<Buffer[]> {
    const { rows } = await sql.query<{ body: Buffer }>('select body from inbox');
    return rows.map(({ body }) => body);
  }

  for (const provider of providers.values()) {
    const { name } = provider;
    it(`sends samples of ${name} that are accepted, and none that is altered`, async () => {
      const { exitCode, err } = await send([name, '--count', '3']);
      assert.equal(exitCode, 0, err);
      assert.equal((await stored()).length, 3);
      const altered = await send([name, '--count', '3', '--tamper']);
      assert.equal((await stored()).length, 3);
      if (provider.bearerHeaders.length > 0) {
        assert.equal(altered.exitCode, 1);
        assert.match(altered.err, new RegExp(`^error \\[ACKLINE_USAGE\\] ${name} signs no body`));
        return;
      }
      assert.equal(altered.exitCode, 0, altered.err);
      assert.match(altered.out[0] ?? '', /: 401 × 3 ·/);
      assert.equal(
        altered.out[1],
        'Refused, which is right: the body was altered after it was signed. Exit status 0; 1 where one is not refused.',
      );
    });

    it(`sends a given body for ${name}, byte for byte, and says what its age is`, async () => {
      const isList = name === 'sendgrid';
      const { exitCode, out, err } = await send([name, '--body', isList ? 'list.json' : 'body.json']);
      assert.equal(exitCode, 0, err);
      const hasTimeInBody = name === 'linear';
      assert.match(out[0] ?? '', hasTimeInBody ? /: 401 × 1 / : /: 200 × 1 /);
      assert.deepEqual(await stored(), hasTimeInBody ? [] : [isList ? LIST : BYTES]);
      const [age, shown] = name === 'paypal' ? ['120h', '120\\.0 h'] : ['2h', '2\\.0 h'];
      const old = await send([name, '--age', age]);
      // GitLab signs one with the newer kind of its secrets alone.
      if (provider.toleranceMs === null || name === 'gitlab') {
        assert.match(old.err, new RegExp(`^error \\[ACKLINE_USAGE\\] ${name} signs no time`));
        assert.equal(old.exitCode, 1);
        return;
      }
      assert.equal(old.exitCode, 0, old.err);
      assert.match(
        old.out.join('\n'),
        new RegExp(`: 401 × 1 .*\nRefused, which is right: the signed time was ${shown} ago`),
      );
    });
  }

  it('takes the body from standard input', async () => {
    assert.equal((await send(['stripe', '--body', '-'], '{"id":"evt_1"}')).exitCode, 0);
    assert.deepEqual((await stored()).map(String), ['{"id":"evt_1"}']);
  });

  it('signs with a secret that is given, and fails where the ingress has another', async () => {
    const own = SECRETS[variableOf('stripe')] ?? '';
    assert.equal((await send(['stripe', '--secret', own])).exitCode, 0);
    for (const secret of [OTHER_SECRET, 'env:OTHER']) {
      const { exitCode, out, err } = await send(['stripe', '--secret', secret]);
      assert.equal(exitCode, 1);
      assert.match(out[0] ?? '', /: 401 × 1 /);
      assert.match(err, /^error \[ACKLINE_SEND_FAILED\] 1 of 1 sample not accepted/);
    }
    assert.equal((await stored()).length, 1);
  });

  it('sends nothing that is signed with what can be no secret, and shows nothing of it', async () => {
    const { exitCode, err } = await send(['stripe', '--secret', 'sk_live_0123456789']);
    assert.equal(exitCode, 1);
    assert.match(err, /^error \[ACKLINE_USAGE\] The secret is none of stripe: it must be the signing secret/);
    assert.ok(!err.includes('sk_live'));
    assert.match(
      (await send(['stripe', '--secret', 'env:NOWHERE'])).err,
      /\[ACKLINE_SECRET_MISSING\].*NOWHERE/,
    );
  });

  it('fails where what has to be refused is not, or has no answer', async () => {
    const { exitCode, out, err } = await send(['stripe', '--tamper', '--url', 'http://127.0.0.1:1']);
    assert.deepEqual([exitCode, out.length], [1, 1]);
    assert.match(
      err,
      /^error \[ACKLINE_SEND_NOT_REFUSED\] 1 of 1 sample not answered 401, though the body was altered/,
    );
  });
});
