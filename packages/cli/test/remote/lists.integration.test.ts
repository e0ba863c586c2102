// Lists with --url are what they are of the database, line by line, and a token sees what is its own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { pauseDestination } from '@ackline/store/destinations';
import { insertRejection } from '@ackline/store/rejections';
import { secretFingerprint, writeSecretUses } from '@ackline/store/secret-uses';
import { bothWays, type ConsoleStage, runCommand, startConsoleStage } from './console-stage.ts';

const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: RED }, { env: PINK }, { env: NEVER_SET }] }
  - { name: orders, provider: github, tenant: azure, path: /webhook/orders, secrets: [{ env: BLUE }] }
destinations:
  - { name: crm, type: http, url: 'http://127.0.0.1:9/a-secret-path' }
  - { name: shop, type: http, url: 'http://127.0.0.1:9/' }
  - { name: mail, type: http, url: 'http://127.0.0.1:9/', breaker: { slowStart: 1h } }
  - { name: bot, type: handler, module: ./bot.ts }
routes: [{ name: all, destination: crm }]
`;
const SECRETS = { PINK: 'another-secret', BLUE: 'a-secret-of-orders' };

let stage: ConsoleStage;
const ids: Record<'explained' | 'orders', string> = { explained: randomUUID(), orders: randomUUID() };

before(async () => {
  stage = await startConsoleStage(SECRETS, CONFIG);
  const { pool } = stage;
  await pauseDestination(pool, 'crm', { reason: 'they move', actor: 'me' });
  await pool.query(
    `insert into destination_states (name, status, reopens_at, closed_at)
     values ('shop', 'OPEN', now() - interval '1 minute', null), ('mail', 'CLOSED', null, now())`,
  );
  await pool.query("insert into processors (id, state) values ('p', $1)", [
    JSON.stringify({
      handlers: { bot: { state: 'failed', problem: { detail: 'it has no default export' } } },
    }),
  ]);
  await keepSecretUses();
  for (const [id, source] of [
    [ids.explained, 'telegram'],
    [ids.orders, 'orders'],
  ] as const)
    await insertRejection(pool, rejection(id, source));
  await pool.query(
    `insert into quarantine (origin, reason, key_id, meta, body) values ('inbox:7', 'unreadable', 'none', '', '')`,
  );
});
after(() => stage[Symbol.asyncDispose]());

/** RED is old and over, PINK in use. */
async function keepSecretUses() {
  const told = [
    {
      source: 'telegram',
      fingerprint: secretFingerprint('telegram', 'a-secret-of-telegram'),
      uses: 3,
      lastUsedAt: 0,
    },
    { source: 'telegram', fingerprint: secretFingerprint('telegram', SECRETS.PINK), uses: 9, lastUsedAt: 0 },
  ];
  await writeSecretUses(stage.pool, told, randomUUID());
  const [red, pink] = told.map(({ fingerprint }) => fingerprint);
  // Whole days ago, so that the words are the same a moment later.
  const set = `update secret_uses set last_listed_at = now() + interval '1 hour', watched_since = now() - interval '90 days',
    first_listed_at = now() - $2::interval, last_used_at = now() - $3::interval, others_since = $4 where fingerprint = $1`;
  await stage.pool.query(set, [red, '60 days 1 minute', '30 days 1 minute', 1_204]);
  await stage.pool.query(set, [pink, '20 days 1 minute', '1 day 1 minute', 0]);
}

function rejection(requestId: string, source: string) {
  return {
    requestId,
    rejectedAt: new Date('2026-11-29T10:00:00.123Z'),
    source,
    provider: 'telegram',
    code: 'ACKLINE_BAD_SIGNATURE',
    reason: 'wrong_signature',
    method: 'POST',
    url: `https://hooks.example.com/webhook/${source}`,
    headers: { known: [['Content-Type', 16]] as const, others: 3 },
    bodyBytes: 231,
    bodySha256: 'ab12',
    body: Buffer.from('kept'),
    secrets: 2,
    tried: { header: 0, url: 4, secret: 0, body: 0, time: 1 },
    secretIndex: 1,
    skewMs: -310_000,
    diagnosis: 'url-differs',
    what: 'valid for another URL: set publicUrl',
    fix: 'set publicUrl.',
  };
}

/** The processor lives, as long ahead as it counts. */
const beat = () => stage.pool.query("update processors set heartbeat_at = now() + interval '5 s'");

const both = (...args: string[]) => bothWays(stage, args);

async function areEqual(...commands: readonly string[][]) {
  for (const args of commands) {
    const [stored, remote] = await both(...args);
    assert.ok(stored.code !== 1, stored.err);
    assert.ok(stored.out.length > 15, args.join(' '));
    assert.deepEqual(remote, stored, args.join(' '));
  }
}

async function token(
  name: string,
  scopes: readonly ('view' | 'payload' | 'operate')[],
  tenant: string | null,
) {
  return (await createToken(stage.pool, { name, scopes, tenant, expiresInMs: null, actor: 'me' })) ?? '';
}

const as = (ACKLINE_TOKEN: string, ...args: string[]) =>
  runCommand(stage, [...args, '--url', stage.url], { ACKLINE_TOKEN });

describe('lists by the API', { timeout: 120_000 }, () => {
  it('destinations: paused, half open, recovering, held by its handler, and gone from the configuration', async () => {
    await stage.deliver('due', { destination: 'gone' });
    await beat();
    const [{ out }] = await both('destinations');
    for (const state of [
      'they move',
      'half open',
      'recovering',
      'it has no default export',
      'not in the configuration',
    ])
      assert.ok(out.includes(state), state);
    for (const command of [['destinations'], ['destinations', 'list', '--json']]) {
      await beat();
      await areEqual(command);
    }
    const mine = await token('azure', ['view'], 'azure');
    assert.match((await as(mine, 'destinations')).err, /ACKLINE_NOT_ALLOWED.*about all tenants/);
  });

  it('sources: each secret with its uses, and which is safe to remove', async () => {
    const env = { ...SECRETS };
    for (const args of [['sources'], ['sources', '--json']]) {
      const stored = await runCommand(stage, args, env);
      assert.match(
        stored.out,
        args.length === 1 ? /last used 720\.0 h ago, 3 times; safe to remove/ : /"safeToRemove":true/,
      );
      const remote = await as('', ...args);
      assert.equal(remote.out.replace('where the console runs', 'on this machine'), stored.out);
    }
    const { out } = await as(await token('azure-sources', ['view'], 'azure'), 'sources');
    assert.match(out, /\norders +github +\/webhook\/orders +env BLUE +no ingress has it yet$/);
    assert.doesNotMatch(out, /telegram/);
    const blind = await as(await token('blind', ['operate'], null), 'sources');
    assert.match(blind.err, /ACKLINE_NOT_ALLOWED.*`view`/);
  });

  it('refused requests, and one with what would have been right', async () => {
    await areEqual(
      ['rejected'],
      ['rejected', '--json'],
      ['rejected', '--source', 'orders', '--limit', '1'],
      ['doctor', 'signature', ids.explained],
      ['doctor', 'signature', ids.explained, '--json'],
    );
    const none = await both('rejected', '--source', 'none');
    assert.equal(none[0].out, 'No refused request of source none is kept.');
    assert.deepEqual(none[1], none[0]);
    const mine = await token('azure-rejected', ['view'], 'azure');
    assert.doesNotMatch((await as(mine, 'rejected')).out, /telegram/);
    assert.match((await as(mine, 'doctor', 'signature', ids.explained)).err, /ACKLINE_NOT_FOUND/);
    const body = await as('', 'doctor', 'signature', ids.explained, '--body');
    assert.match(body.err, /ACKLINE_USAGE.*shows no body/);
  });

  it('what is parked: causes, each delivery, and quarantined records', async () => {
    await stage.deliver('parked', {
      last: { status: 503, error: null, excerpt: 'an echo' },
      orderingKey: '+49 151 1',
    });
    await stage.deliver('parked', { last: { status: 503, error: null, excerpt: null } });
    await stage.deliver('parked', {
      destination: 'shop',
      tenant: 'azure',
      last: { status: 422, error: null },
    });
    const handler = { status: null, error: 'handler-error', excerpt: 'TypeError: x is not a function' };
    await stage.deliver('parked', { destination: 'bot', last: handler });
    await areEqual(
      ['park'],
      ['park', '--json'],
      ['park', '--limit', '1'],
      ['park', '--destination', 'crm'],
      ['park', '--list'],
      ['park', '--list', '--json', '--keys'],
      ['park', '--cause', 'crm 503', '--json'],
      ['park', '--source', 'telegram', '--limit', '2'],
    );
    assert.match((await both('park'))[1].out, /^1 record quarantined/m);
    const mine = await as(await token('azure-park', ['view'], 'azure'), 'park');
    assert.match(mine.out, /^shop 422 /m);
    assert.doesNotMatch(mine.out, /crm|quarantined/);
    const looks = await token('looks', ['view'], null);
    const listed = await as(looks, 'park', '--list', '--json', '--keys');
    assert.doesNotMatch(listed.out, /\+49|TypeError|an echo/);
    assert.equal((await as(looks, 'park')).out, (await both('park'))[0].out);
  });

  it('discards all of a cause that was counted, and no more', async () => {
    const yes = ['discard', '--cause', 'crm 503'];
    const refused = await both(...yes);
    assert.match(refused[0].err, /ACKLINE_USAGE.*Nothing is discarded/);
    assert.deepEqual(refused[1], refused[0]);
    assert.equal(refused[1].out, '2 deliveries parked with the cause "crm 503".');
    const azure = await token('azure-operate', ['view', 'operate'], 'azure');
    assert.match((await as(azure, ...yes, '--yes')).err, /ACKLINE_NOT_FOUND.*Nothing is parked/);
    const looks = await token('only-looks', ['view'], null);
    assert.match((await as(looks, ...yes, '--yes')).err, /ACKLINE_NOT_ALLOWED.*`operate`/);
    const byUrl = await as('', ...yes, '--yes');
    assert.equal(byUrl.code, 0, byUrl.err);
    for (let n = 0; n < 2; n++) await stage.deliver('parked', { last: { status: 503 } });
    const stored = await runCommand(stage, [...yes, '--yes']);
    assert.match(stored.out, /\n2 deliveries with the cause "crm 503" discarded\.$/);
    assert.deepEqual(byUrl, stored);
    const none = await both(...yes, '--yes');
    assert.match(none[0].err, /ACKLINE_NOT_FOUND/);
    assert.deepEqual(none[1], none[0]);
  });
});
