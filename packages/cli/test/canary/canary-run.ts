import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@ackline/testkit/wait-for';
import { CANARY } from './canary.ts';
import { type Answered, post, postRaw, refusedRequests, respondio, telegram, twilio } from './requests.ts';
import type { CanarySystem } from './system.ts';

const SLOW = { timeoutMs: 60_000 };

/** Sends requests and keeps what was answered, as a sink. */
function sender(system: CanarySystem) {
  const answers: string[] = [];
  system.sinks.push({ name: 'answers of the ingress', read: () => answers.join('\n') });
  return (answer: Answered, status: number, what: string) => {
    answers.push(answer.text);
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
  };
}

/** What is accepted, what repeats, and what is refused. */
export async function sendEverything(system: CanarySystem): Promise<void> {
  const expectStatus = sender(system);
  const { port } = system.spooling;
  const accepted = [telegram(100), twilio('SM00000000000000000000000000000002'), respondio(CANARY.id)];
  for (const request of [...accepted, ...accepted]) {
    expectStatus(await post(port, request), 200, 'accepted, then repeated');
  }
  for (const [status, request] of refusedRequests()) {
    expectStatus(await post(port, request), status, `${status} ${request.path.length}`);
  }
  const limited = { path: '/webhook/limited' };
  expectStatus(await post(port, telegram(200, limited)), 200, 'within the limit');
  expectStatus(await post(port, telegram(201, limited)), 429, 'over the limit');
  const noRequest = `POST /${CANARY.secret} HTTP/9\r\nx: ${CANARY.secret}\r\n\r\n`;
  expectStatus(await postRaw(port, noRequest), 400, 'no request');
  const toOperations = await fetch(`${system.operations.spooling}/${CANARY.secret}`);
  expectStatus({ status: toOperations.status, text: await toOperations.text() }, 404, 'operations port');
}

/** With PostgreSQL away: to the spool, or refused, or lost; and what its return brings. */
export async function withoutDatabase(system: CanarySystem): Promise<void> {
  const expectStatus = sender(system);
  const { spooling, bare, database } = system;
  await database.cut();
  expectStatus(await post(spooling.port, telegram(300)), 200, 'spooled');
  expectStatus(await post(bare.port, telegram(301)), 503, 'not durable');
  expectStatus(await post(bare.port, telegram(302, { path: '/webhook/lossy' })), 200, 'lost');
  await system.look('/health without PostgreSQL', `http://127.0.0.1:${spooling.port}/health`);
  await system.look('/health of the ingress without a spool', `http://127.0.0.1:${bare.port}/health`);
  await system.look('/readyz without PostgreSQL', `${system.operations.bare}/readyz`);
  await database.heal();
  await untilStored(system, 'telegram', 2);
}

async function untilStored({ sql }: CanarySystem, source: string, count: number): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await sql.query<{ count: number }>(
        'select count(*)::int as count from events where source = $1',
        [source],
      );
      return (rows[0]?.count ?? 0) >= count;
    },
    { ...SLOW, what: `${count} events of ${source}` },
  );
}

/** Fails with PostgreSQL's own words for a value that is no number, which quote it. */
async function whileCast(
  { sql }: CanarySystem,
  { table, on, text }: { readonly table: string; readonly on: 'insert' | 'update'; readonly text: string },
  work: () => Promise<unknown>,
): Promise<void> {
  await sql.query(`
    create function canary_cast() returns trigger language plpgsql as $$ begin perform (${text})::bigint; return new; end $$;
    create trigger canary_cast before ${on} on ${table} for each row execute function canary_cast();`);
  try {
    await work();
  } finally {
    await sql.query(`drop trigger canary_cast on ${table}; drop function canary_cast();`);
  }
}

/** PostgreSQL refuses what it is given, and quotes it: appending, storing, writing an outcome. */
export async function withRefusingDatabase(system: CanarySystem): Promise<void> {
  const expectStatus = sender(system);
  const { bare, processor, receiver } = system;
  const body = "encode(new.body, 'escape')";
  await whileCast(system, { table: 'inbox', on: 'insert', text: body }, async () => {
    // 503 until the ingress has seen that PostgreSQL is back; then it is the event that is refused, and no outage.
    await waitFor(async () => (await post(bare.port, telegram(400))).status === 500, SLOW);
  });
  await whileCast(system, { table: 'events', on: 'insert', text: body }, async () => {
    await waitFor(async () => (await post(bare.port, telegram(401))).status === 200, SLOW);
    await system.untilLogged(processor, 'store.refuses-all');
    await system.untilLogged(processor, 'inbox.read-failed');
  });
  await untilStored(system, 'telegram', 3);
  const excerpt = "new.attempts -> -1 ->> 'excerpt'";
  await whileCast(system, { table: 'deliveries', on: 'update', text: excerpt }, async () => {
    const before = receiver.requests.length;
    expectStatus(await post(bare.port, telegram(402)), 200, 'whose outcomes are not written');
    await waitFor(() => receiver.requests.length > before, SLOW);
    await system.untilLogged(processor, 'delivery.outcome-not-written');
  });
}

/** A collector that refuses spans, and repeats what it knows. */
export async function withRefusingCollector(system: CanarySystem): Promise<void> {
  const expectStatus = sender(system);
  const { spooling, collector } = system;
  collector.http.always({
    status: 400,
    headers: { 'content-type': CANARY.header },
    body: JSON.stringify(CANARY),
  });
  expectStatus(await post(spooling.port, telegram(500)), 200, 'whose spans are refused');
  await system.untilLogged(spooling.service, 'traces.not-sent');
  collector.http.always({ status: 200 });
  expectStatus(await post(spooling.port, telegram(501)), 200, 'whose spans are taken');
  await system.untilLogged(spooling.service, 'traces.sent-again');
}

/** Rows of the inbox that are no events, and one whose values PostgreSQL can not hold. */
export async function withBadRecords(system: CanarySystem): Promise<void> {
  const { sql, processor } = system;
  const noEvent = Buffer.from(JSON.stringify(CANARY));
  await sql.query(
    `insert into inbox (id, key_hash, after_offset, key_id, meta, body) values (gen_random_uuid(), 1, -1, 'none', $1, $1),
                                                                               (gen_random_uuid(), 1, -1, $2, $1, $1)`,
    [noEvent, CANARY.secret],
  );
  await system.untilLogged(processor, 'record.quarantined');
  await waitFor(async () => {
    const { rows } = await sql.query('select id from quarantine');
    return rows.length >= 2;
  }, SLOW);
}

/** Until every failing destination has parked or held what it was given. */
export async function untilAllFailed(system: CanarySystem): Promise<void> {
  // Work of `fails` is held: its breaker opens before its schedule is over.
  const failing = ['refuses', 'slow', 'resets', 'nobody', 'nowhere', 'takes'];
  await waitFor(
    async () => {
      const { rows } = await system.sql.query<{ destination: string }>(
        "select distinct destination from deliveries where state = 'parked'",
      );
      const parked = new Set(rows.map(row => row.destination));
      return failing.every(name => parked.has(name));
    },
    { ...SLOW, what: `parked work of ${failing.join(', ')}` },
  );
  await system.untilLogged(system.processor, 'Delivery held');
  await system.untilLogged(system.processor, 'Circuit breaker OPEN');
}

/** Every list, every kind of replay, and errors of each kind. */
export async function runCommands(system: CanarySystem): Promise<void> {
  const parked = async (destination: string) => {
    const { rows } = await system.sql.query<{ id: string }>(
      "select id from deliveries where state = 'parked' and destination = $1 limit 1",
      [destination],
    );
    return rows[0]?.id ?? assert.fail(`nothing of ${destination} is parked`);
  };
  await writeFile(join(system.folder, 'edit.json'), `{"text": "${CANARY.text.replaceAll('"', '')}"}`);
  await writeFile(join(system.folder, 'broken.json'), `{"text": ${CANARY.secret}}`);
  await system.cli(['replay', await parked('refuses')]);
  await system.cli(['replay', await parked('resets'), '--edit', 'edit.json']);
  await system.cli(['replay', await parked('slow'), '--edit', 'broken.json']);
  await system.cli(['replay', 'start', '--destination', 'nobody', '--yes']);
  await system.cli(['discard', await parked('nowhere')]);
  await system.cli(['destinations', 'pause', 'refuses']);
  for (const words of ['events', 'park', 'park --list', 'destinations list', 'replay list', 'audit']) {
    const { exitCode, out } = await system.cli(words.split(' '));
    assert.equal(exitCode, 0, words);
    assert.ok(out.split('\n').length > 1, out);
    await system.cli([...words.split(' '), '--json']);
  }
  const services = Object.values(system.operations).flatMap(url => ['--ops', url]);
  await system.cli(['top', '--once', ...services]);
  await system.cli(['top', '--json', ...services]);
  await system.cli(['check']);
  await system.cli(['plan', 'ackline.yaml']);
  await writeFile(join(system.folder, 'next.yaml'), system.config.replaceAll('to-takes', 'to-others'));
  await system.cli(['plan', 'next.yaml', '--json']);
  const wrong = new URL('postgres://127.0.0.1/none');
  wrong.port = String(system.database.port);
  wrong.username = 'nobody';
  wrong.password = CANARY.secret;
  for (const url of [
    wrong.href,
    `postgres://u:${CANARY.secret}@127.0.0.1:1/none`,
    `mysql://${CANARY.secret}`,
  ]) {
    const { exitCode } = await system.cli(['events'], { DATABASE_URL: url });
    assert.equal(exitCode, 1);
  }
}

/** Secrets in places where they don't belong, in a file that is read again. */
export async function reloadBadFiles(system: CanarySystem): Promise<void> {
  const { config, processor, spooling } = system;
  const bad = {
    text: config.replace('{ env: CANARY_SECRET }', CANARY.secret),
    key: config.replace('{ env: CANARY_SECRET }', `{ ${CANARY.secret} }`),
    url: config.replace('http://127.0.0.1:9/', `http://user:${CANARY.secret}@127.0.0.1:9/`),
    'no YAML': config.replace('sources:', `sources: ${CANARY.secret}: "`),
    'wrong file': config.replace('{ env: CANARY_SECRET }', '{ file: /nowhere/secret }'),
  };
  let refused = 0;
  for (const [what, text] of Object.entries(bad)) {
    assert.notEqual(text, config, what);
    await system.putConfig(text);
    refused += 1;
    for (const { service } of [spooling, { service: processor }]) {
      service.kill('SIGHUP');
      if (what === 'wrong file' && service === processor) continue; // it needs no secret of a source but for one to forward
      await waitFor(() => service.output().split('"config.refused"').length > refused, { ...SLOW, what });
    }
    const { exitCode } = await system.cli(['check']);
    assert.equal(exitCode, 1, what);
  }
  await system.putConfig(config);
  for (const service of [spooling.service, processor]) {
    service.kill('SIGHUP');
    await system.untilLogged(service, 'config.reloaded');
  }
}

/** What the ports show at the end. */
export async function lookAtPorts(system: CanarySystem): Promise<void> {
  for (const [name, url] of Object.entries(system.operations)) {
    await system.look(`/metrics of ${name}`, `${url}/metrics`);
    await system.look(`/metrics of ${name} as JSON`, `${url}/metrics`, { accept: 'application/json' });
    await system.look(`/metrics.json of ${name}`, `${url}/metrics.json`);
    await system.look(`/readyz of ${name}`, `${url}/readyz`);
  }
  for (const { port } of [system.spooling, system.bare]) {
    await system.look('/health', `http://127.0.0.1:${port}/health`);
  }
}
