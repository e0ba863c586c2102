import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { secretFingerprint, writeSecretUses } from '@ackline/store/secret-uses';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { ranCli } from '../ran-cli.ts';

const WATCHER = '019ab2c4-0000-4000-8000-000000000001';
const SECRETS = {
  OLD: 'old-secret-0123456789',
  NEW: 'new-secret-0123456789',
  TOKEN: 'only-secret-0123456789',
};
const CONFIG = `
sources:
  - { name: crm, provider: github, path: /webhook/crm, secrets: [{ env: OLD }, { env: NEW }, { env: NOWHERE }] }
  - { name: bot, provider: telegram, path: /webhook/bot, secrets: [{ env: TOKEN }] }
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;

let folder = '';
let database: TestDatabase;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-sources-'));
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  database = await createTestDatabase();
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'test',
    max: 1,
    onError: () => undefined,
  });
  const told = (source: string, secret: string, uses: number) => ({
    source,
    fingerprint: secretFingerprint(source, secret),
    uses,
    lastUsedAt: uses === 0 ? null : Date.now() - 80 * 3_600_000,
  });
  await writeSecretUses(pool, [told('crm', SECRETS.OLD, 7)], WATCHER);
  await pool.query(
    "update secret_uses set first_listed_at = now() - interval '30 days', watched_since = now() - interval '30 days'",
  );
  const used = { ...told('crm', SECRETS.NEW, 1_204), lastUsedAt: Date.now() };
  await writeSecretUses(pool, [told('crm', SECRETS.OLD, 0), used], WATCHER);
  await pool.end();
});
after(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]) {
  const { exitCode, text } = await ranCli(['sources', ...args], {
    folder,
    environment: { ...SECRETS, DATABASE_URL: database.url },
  });
  assert.equal(exitCode, 0, text);
  for (const secret of Object.values(SECRETS)) assert.ok(!text.includes(secret));
  return text;
}

test('each secret of a source is shown with its last use, and the old one as safe to remove', async () => {
  const lines = (await run()).split('\n').map(line => line.replaceAll(/ {2,}/g, ' | '));
  assert.equal(lines[0], 'SOURCE | PROVIDER | PATH | SECRET | USE');
  const crm = (name: string) => `crm | github | /webhook/crm | env ${name} | `;
  assert.match(
    lines[1] ?? '',
    /env OLD \| last used 80\.0 h ago, 7 times; safe to remove: .* the others proved 1,204 requests since$/,
  );
  assert.match((lines[2] ?? '').replace(crm('NEW'), ''), /^last used \d.* ago, 1,204 times$/);
  assert.equal(lines[3], `${crm('NOWHERE')}has no value on this machine`);
  assert.equal(lines[4], 'bot | telegram | /webhook/bot | env TOKEN | no ingress has it yet');
});

test('scripts get the same, a line for each secret', async () => {
  const rows = (await run('--json')).split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    rows.map(({ source, secret, uses, othersSince, safeToRemove }) => [
      source,
      secret,
      uses,
      othersSince,
      safeToRemove,
    ]),
    [
      ['crm', 'env OLD', 7, 1_204, true],
      ['crm', 'env NEW', 1_204, 0, false],
      ['crm', 'env NOWHERE', 0, 0, false],
      ['bot', 'env TOKEN', 0, 0, false],
    ],
  );
});
