import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { operatorName } from '@ackline/runtime/operator-name';
import { ranCli } from '../ran-cli.ts';

const EVENT = '019ab2c4-0000-7000-8000-000000000001';
const PARKED = '019ab2c4-0000-7000-8000-00000000000a';
const MISSING = '019ab2c4-0000-7000-8000-0000000000ff';
/** A delivery that has used up its schedule. */
const PARK = `
  delete from finished_deliveries;
  insert into deliveries (stored_day, id, seq, event_id, source, tenant, route, destination, priority, state, tries, park_reason, finished_at, attempts)
    values ((select stored_day from events where seq = 1), '${PARKED}', 1, '${EVENT}', 'telegram', 'default', 'everything', 'bot', 'normal', 'parked', 7, 'exhausted', now(),
            '[{"at": "2026-01-01T00:00:00Z", "ms": 3, "outcome": "park", "status": 500, "error": null, "excerpt": null}]');`;
const CONFIG = `
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }
routes:
  - { name: everything, destination: bot }
destinations:
  - { name: bot, type: http, url: http://127.0.0.1:1/updates }
`;

let folder = '';
let database: TestDatabase;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-commands-'));
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`
    insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, priority, tier, routing, key_id, meta, body)
      values (1, '${EVENT}', 'telegram', 'default', 'telegram', 'message', 'k', now(), 'normal', 'inbox', 'routed', 'none', '', 'body'),
             (2, gen_random_uuid(), 'other', 'default', 'telegram', 'message', 'k', now(), 'normal', 'kafka', 'unmatched', 'none', '', '');
    ${PARK}`);
  await client.end();
});

after(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  return runWith({}, ...args);
}

/** With a person on the terminal. */
async function runAsked(answer: boolean, ...args: string[]) {
  const asked: string[] = [];
  const confirm = (question: string) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { ...(await runOn({ environment: {}, confirm }, args)), asked };
}

async function runWith(environment: Record<string, string>, ...args: string[]) {
  return runOn({ environment }, args);
}

async function runOn(
  {
    environment,
    ...more
  }: { environment: Record<string, string>; confirm?: (question: string) => Promise<boolean> },
  args: readonly string[],
) {
  const { exitCode, lines, err } = await ranCli(args, {
    folder,
    environment: { DATABASE_URL: database.url, ...environment },
    ...more,
  });
  return { exitCode, out: lines, err };
}

const json = (lines: string[]) => lines.map(line => JSON.parse(line) as Record<string, unknown>);

test('events are listed newest first with their deliveries, a line each as JSON', async () => {
  const { exitCode, out } = await run('events', '--json');
  assert.equal(exitCode, 0);
  const [newest, oldest] = json(out);
  assert.deepEqual([newest?.['source'], oldest?.['id']], ['other', EVENT]);
  const [delivery] = (oldest?.['deliveries'] ?? []) as Record<string, unknown>[];
  assert.deepEqual(
    [delivery?.['id'], delivery?.['state'], delivery?.['tries'], delivery?.['lastStatus']],
    [PARKED, 'parked', 7, 500],
  );
});

test('events of one source only, and no more than asked for', async () => {
  assert.deepEqual(
    json((await run('events', '--json', '--source', 'telegram')).out).map(event => event['id']),
    [EVENT],
  );
  assert.equal((await run('events', '--json', '-n', '1')).out.length, 1);
  assert.match((await run('events')).out.join(), /bot: parked \(500\), 7 tries/);
});

test('a mistyped source is refused with those that there are, and one without events is not', async () => {
  await writeFile(join(folder, 'quiet.yaml'), CONFIG.replace('name: telegram', 'name: quiet'));
  const environment = { ACKLINE_CONFIG: 'quiet.yaml' };
  for (const args of [
    ['events', '-s', 'nope'],
    ['events', '-s', 'nope', '--json'],
  ]) {
    const { exitCode, err } = await runWith(environment, ...args);
    assert.equal(exitCode, 1);
    assert.match(err, /^error \[ACKLINE_USAGE\] There are no events of source "nope"; known: quiet – /);
  }
  const quiet = await runWith(environment, 'events', '--source', 'quiet');
  assert.deepEqual(
    [quiet.exitCode, quiet.out.join()],
    [0, 'No events of source quiet yet. Send one: npx ackline send telegram --source quiet'],
  );
  assert.deepEqual((await runWith(environment, 'events', '--source', 'quiet', '--json')).out, []);
  const noFile = await runWith({ ACKLINE_CONFIG: 'nowhere.yaml' }, 'events', '-s', 'nope');
  assert.deepEqual([noFile.exitCode, noFile.out.join()], [0, 'No events of source nope.']);
});

test('what is not parked is not discarded', async () => {
  const missing = await run('discard', MISSING);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.err, /error \[ACKLINE_NOT_FOUND\]/);
});

test('park groups by cause, and lists the deliveries of one, of a source, or all of them', async () => {
  assert.match(
    (await run('park')).out.join(),
    new RegExp(`^CAUSE .*\\nbot 500 +1 +.* ${PARKED}\\n\\nNo record`),
  );
  const [cause] = json((await run('park', '--json')).out);
  assert.deepEqual([cause?.['kind'], cause?.['cause'], cause?.['count']], ['cause', 'bot 500', 1]);
  const ids = async (...args: string[]) =>
    json((await run('park', '--json', ...args)).out).map(row => row['id']);
  for (const args of [['--list'], ['--cause', 'bot 500'], ['--source', 'telegram'], ['-l', '-d', 'bot']]) {
    assert.deepEqual(await ids(...args), [PARKED], args.join(' '));
  }
  for (const args of [
    ['--cause', 'bot 503'],
    ['--source', 'other'],
    ['-d', 'nope'],
    ['-l', '-d', 'nope'],
  ]) {
    assert.deepEqual(await ids(...args), [], args.join(' '));
  }
  assert.equal(
    (await run('park', '-d', 'nope')).out.join(),
    'Nothing is parked.',
    'and nothing about records',
  );
});

test('all of a cause is counted first, and discarded with a yes', async () => {
  const counted = await run('discard', '--cause', 'bot 500');
  const count = '1 delivery parked with the cause "bot 500".';
  assert.deepEqual([counted.exitCode, counted.out], [1, [count]]);
  assert.match(counted.err, /^error \[ACKLINE_USAGE\] Nothing is discarded: .* so it takes --yes – /);
  const refused = await runAsked(false, 'discard', '--cause', 'bot 500');
  assert.deepEqual([refused.exitCode, refused.out], [0, [count, 'Nothing is discarded.']]);
  assert.match((await run('park', '--list')).out.join(), new RegExp(PARKED));
  const discarded = await runAsked(true, 'discard', '--cause', 'bot 500');
  assert.deepEqual(discarded.asked, ['Discard them?']);
  assert.deepEqual(discarded.out, [count, '1 delivery with the cause "bot 500" discarded.']);
  const none = await run('discard', '--cause', 'bot 500', '-y');
  assert.match(none.err, /\[ACKLINE_NOT_FOUND\] Nothing is parked with the cause "bot 500"/);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(PARK);
  await client.end();
});

test('a parked delivery is listed, replayed once, and then not parked any more', async () => {
  assert.match((await run('park', '--list')).out.join(), new RegExp(`exhausted +7 +500 +${PARKED}`));
  assert.match((await run('discard', PARKED)).out.join(), /is discarded/);
  assert.match((await run('replay', PARKED)).out.join(), /sent to bot again/);
  assert.match((await run('replay', PARKED)).out.join(), /not finished yet \(due\)/);
  assert.deepEqual((await run('park', '--json')).out, []);
  assert.equal((await run('discard', PARKED)).exitCode, 1, 'it is due');
  const event = await run('replay', EVENT);
  assert.equal(event.exitCode, 1);
  assert.match(
    event.err,
    new RegExp(`\\[ACKLINE_NOT_FOUND\\] ${EVENT} is the id of an event; .* ${PARKED} \\(bot, due\\)`),
  );
  assert.match((await run('discard', EVENT)).err, new RegExp(`its deliveries: ${PARKED}`));
  const missing = await run('replay', MISSING);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.err, /error \[ACKLINE_NOT_FOUND\]/);
});

test('park ends with the quarantined records, as JSON with their kind', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `insert into quarantine (origin, reason, key_id, meta, body) values ('inbox:5', 'unreadable', 'none', '', 'payload')`,
  );
  await client.end();
  const { out } = await run('park');
  assert.match(out.join(), /\n1 record quarantined .*\n.*\n.* inbox:5 +unreadable +\d+$/);
  const [record] = json((await run('park', '--json')).out);
  assert.deepEqual([record?.['kind'], record?.['origin']], ['quarantined', 'inbox:5']);
});

test('a destination is paused with its reason and resumed; an unknown one is refused', async () => {
  await run('destinations', 'pause', 'bot', '--reason', 'deploy');
  const listed = (await run('destinations', 'list', '--json')).out;
  const [paused] = json(listed);
  assert.deepEqual((await run('destinations', '--json')).out, listed, 'list is what it does by itself');
  assert.match((await run('destinations')).out.join(), /bot +http:\S+ +paused .*: deploy/);
  assert.deepEqual([paused?.['paused'], paused?.['reason']], [true, 'deploy']);
  assert.match((await run('destinations', 'resume', 'bot')).out.join(), /is resumed/);
  assert.match((await run('destinations', 'resume', 'bot')).out.join(), /was not paused/);
  const unknown = await run('destinations', 'pause', 'bott');
  assert.match(unknown.err, /error \[ACKLINE_USAGE\] There is no destination "bott".*known: bot/);
});

test('a destination that is repaired is enabled: its breaker is closed, and a pause ends', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `insert into destination_states (name, status, failures, reopens_at) values ('bot', 'OPEN', 10, now() + interval '1 h')`,
  );
  await run('destinations', 'pause', 'bot');
  assert.match(
    (await run('destinations', 'enable', 'bot')).out.join(),
    /bot goes on with its breaker closed/,
  );
  const { rows } = await client.query<{ status: string }>('select status from destination_states');
  await client.end();
  assert.deepEqual(
    rows.map(({ status }) => status),
    ['CLOSED'],
  );
  assert.match((await run('destinations')).out.join(), /bot +http:\S+ +active/);
  assert.match((await run('destinations', 'enable', 'bot')).out.join(), /bot was in no trouble/);
  assert.match((await run('destinations', 'enable', 'bott')).err, /no destination "bott"/);
});

test('the audit says who did it', async () => {
  await run('destinations', 'pause', 'bot', '--reason', 'audited');
  await run('destinations', 'resume', 'bot');
  const [resumed, paused, ...others] = json((await run('audit', '--json')).out);
  assert.deepEqual([resumed?.['action'], resumed?.['subject']], ['destination.resumed', 'bot']);
  assert.deepEqual(
    [paused?.['actor'], paused?.['details']],
    [operatorName(), { before: 'active', after: 'paused', reason: 'audited' }],
  );
  const actions = new Set(others.map(entry => entry['action']));
  assert.ok(actions.isSupersetOf(new Set(['delivery.replayed', 'delivery.discarded'])));
  assert.equal((await run('audit', '-n', '1')).out.join().split('\n').length, 2);
});

test('check lists every error with file, line and column, and exits 1', async () => {
  const broken = join(folder, 'broken.yaml');
  await writeFile(
    broken,
    CONFIG.replace('destination: bot', 'destination: bott').replace('/webhook', 'webhook'),
  );
  const { exitCode, err } = await run('check', 'broken.yaml');
  assert.equal(exitCode, 1);
  assert.match(
    err,
    /error \[ACKLINE_CONFIG_INVALID\] .*\n.*broken\.yaml:3:\d+ .*\n.*broken\.yaml:5:\d+ .*did you mean "bot"/,
  );

  const asJson = await run('check', 'broken.yaml', '--json');
  assert.equal(asJson.exitCode, 1);
  const [document] = json(asJson.out) as { ok: boolean; errors: { line: number }[] }[];
  assert.equal(document?.ok, false);
  assert.deepEqual(
    document?.errors.map(error => error.line),
    [3, 5],
  );
});

test('check of a correct file exits 0, of a missing one 1', async () => {
  assert.equal((await run('check')).exitCode, 0);
  assert.match(
    (await run('check', 'nowhere.yaml')).err,
    /error \[ACKLINE_CONFIG_UNREADABLE\] .*nowhere\.yaml.* – Run it in Ackline's folder/,
  );
});

test('check refuses what a start in production refuses, in words and as JSON', async () => {
  await writeFile(join(folder, 'twilio.yaml'), CONFIG.replace('provider: telegram', 'provider: twilio'));
  const production = { ACKLINE_ENV: 'production' };
  const url = await runWith(production, 'check', 'twilio.yaml');
  assert.equal(url.exitCode, 1);
  assert.match(url.err, /error \[ACKLINE_CONFIG_INVALID\] .*\n.*twilio\.yaml:3:\d+ .*twilio signs the URL/);

  const secret = await runWith(production, 'check');
  assert.equal(secret.exitCode, 1);
  assert.match(
    secret.err,
    /error \[ACKLINE_SECRET_MISSING\] .*ackline\.yaml:3:78 .*variable TOKEN is not set –/,
  );
  const asJson = await runWith(production, 'check', '--json');
  assert.equal(asJson.exitCode, 1);
  const [document] = json(asJson.out);
  assert.deepEqual([document?.['ok'], document?.['code']], [false, 'ACKLINE_SECRET_MISSING']);
  assert.match(JSON.stringify(document?.['errors']), /^\[\{"line":3,"column":78,/);

  assert.equal((await runWith({ ...production, TOKEN: 'a-token-of-length' }, 'check')).exitCode, 0);
});

test('check finds the module of a handler from the folder of the file that names it, and its secrets', async () => {
  const handlers = CONFIG.replace(
    /- \{ name: bot, .*/,
    '- { name: bot, type: handler, module: ./handlers/bot.ts, secrets: { token: { env: BOT_TOKEN } } }',
  );
  const own = join(folder, 'own');
  await mkdir(join(own, 'handlers'), { recursive: true });
  await writeFile(join(own, 'ackline.yaml'), handlers);
  const environment = { ACKLINE_ENV: 'production', TOKEN: 'a-token-of-length', BOT_TOKEN: 'x' };
  const missing = await runWith(environment, 'check', 'own/ackline.yaml');
  assert.equal(missing.exitCode, 1);
  assert.match(
    missing.err,
    /ACKLINE_CONFIG_INVALID\] .*ackline\.yaml:7:\d+ +destinations\[0\]\.module: there is no file .*own\/handlers\/bot\.ts/,
  );
  await writeFile(join(own, 'handlers', 'bot.ts'), 'export {};\n');
  const found = await runWith(environment, 'check', 'own/ackline.yaml');
  assert.equal(found.exitCode, 0, found.err);
  assert.match(found.out.join('\n'), /^bot +handler:\.\/handlers\/bot\.ts +none +7$/m);
  const secret = await runWith({ ...environment, BOT_TOKEN: '' }, 'check', 'own/ackline.yaml');
  assert.match(
    secret.err,
    /ACKLINE_SECRET_MISSING\] .*destinations\[0\]\.secrets\.token: .*BOT_TOKEN is empty/,
  );
});

test('keys of events are shown as such only where that is asked for', async () => {
  const keysOf = async (...more: string[]) =>
    json((await run('events', '--json', ...more)).out).map(event => event['dedupKey']);
  assert.deepEqual(await keysOf('--keys'), ['k', 'k']);
  const hidden = await keysOf();
  for (const key of hidden) assert.match(String(key), /^#[0-9a-f]{8}$/);
  assert.equal(new Set(hidden).size, 2, 'the same key of two sources is not the same');
});

test('check lists all that a start in production refuses at once, by place: file, sample receiver and secrets', async () => {
  const all = CONFIG.replace('provider: telegram', 'provider: twilio')
    .replace('destination: bot', 'destination: bott')
    .replace('127.0.0.1:1/updates', '127.0.0.1:8090/sample');
  await writeFile(join(folder, 'all.yaml'), all);
  const { exitCode, err } = await runWith({ ACKLINE_ENV: 'production' }, 'check', 'all.yaml');
  assert.equal(exitCode, 1);
  const [title, ...lines] = err.split('\n');
  assert.match(title ?? '', /^error \[ACKLINE_CONFIG_INVALID\] The configuration has errors – /);
  const found = lines.map(line =>
    /all\.yaml:(\d+):\d+ .*(publicUrl|TOKEN|bott|bot|sample)/.exec(line)?.slice(1, 3),
  );
  assert.deepEqual(found, [
    ['3', 'publicUrl'],
    ['3', 'TOKEN'],
    ['5', 'bot'],
    ['7', 'sample'],
  ]);
});

test('check in production refuses the sample receiver, as the start does', async () => {
  await writeFile(
    join(folder, 'sample.yaml'),
    CONFIG.replace('127.0.0.1:1/updates', '127.0.0.1:8090/sample'),
  );
  const production = { ACKLINE_ENV: 'production', TOKEN: 'a-token-of-length' };
  const { exitCode, err } = await runWith(production, 'check', 'sample.yaml');
  assert.equal(exitCode, 1);
  assert.match(
    err,
    /^error \[ACKLINE_SAMPLE_IN_PRODUCTION\] \S+:7:\d+ .*destination bot .* – Set the destination's url/,
  );
  const [document] = json((await runWith(production, 'check', 'sample.yaml', '--json')).out);
  assert.deepEqual([document?.['ok'], document?.['code']], [false, 'ACKLINE_SAMPLE_IN_PRODUCTION']);
  assert.equal((await runWith({ TOKEN: 'a-token-of-length' }, 'check', 'sample.yaml')).exitCode, 0);
});

test('check in development names the secrets that will be generated, and generates none', async () => {
  assert.match((await run('check')).out.join(), /will generate 1 development secret: TOKEN\./);
  assert.deepEqual(json((await run('check', '--json')).out)[0]?.['secretsToGenerate'], ['TOKEN']);
  assert.doesNotMatch((await runWith({ TOKEN: 'a-token-of-length' }, 'check')).out.join(), /generate/);
  await assert.rejects(access(join(folder, '.ackline')), { code: 'ENOENT' });
  const malformed = await runWith({ TOKEN: 'with spaces!' }, 'check');
  assert.match(
    malformed.err,
    /error \[ACKLINE_SECRET_MISSING\] .*environment variable TOKEN has the wrong form/,
  );
});

test('migrate may be run again', async () => {
  assert.equal((await run('migrate')).exitCode, 0);
});

test('send to a port where nothing listens is counted, and exits 1', async () => {
  await writeFile(join(folder, 'token'), 'token-of-the-file\n');
  await writeFile(
    join(folder, 'file.yaml'),
    CONFIG.replace('{ env: TOKEN }', `{ file: ${join(folder, 'token')} }`),
  );
  const { exitCode, out, err } = await ranCli(
    ['send', 'telegram', '--count', '3', '--url', 'http://127.0.0.1:1'],
    { folder, environment: { ACKLINE_CONFIG: 'file.yaml' } },
  );
  assert.equal(exitCode, 1);
  assert.match(out, /ECONNREFUSED × 3/);
  assert.match(err, /error \[ACKLINE_SEND_FAILED\] 3 of 3 samples/);
});
