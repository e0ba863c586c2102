// All of it, as a person runs it: the real command, the real services, an embedded PostgreSQL in a temporary directory.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bareEnvironment } from '@ackline/testkit/bare-environment';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../../ackline.yaml', import.meta.url));
/** initdb, two services and a migration on a busy machine. */
const READY_LIMIT_MS = 120_000;
/** Generous: it only matters when something never comes. */
const LIMIT_MS = 60_000;

let folder = '';
let environment: Record<string, string> = {};
/** The `up` that runs just now; the tests below are one story, in this order. */
let up: SpawnedService;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-up-'));
  const samplePort = await freePort();
  const text = await readFile(CONFIG, 'utf8');
  assert.ok(text.includes('127.0.0.1:8090/sample'), 'the default configuration names the sample receiver');
  await writeFile(join(folder, 'ackline.yaml'), text.replace('127.0.0.1:8090', `127.0.0.1:${samplePort}`));
  environment = {
    PORT: String(await freePort()),
    OPS_PORT: String(await freePort()),
    CONSOLE_PORT: String(await freePort()),
  };
  up = await start();
});

after(async () => {
  await up.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<SpawnedService> {
  const service = await spawnService(MAIN, { args: ['up'], cwd: folder, env: environment });
  let hasEnded = false;
  void service.exited.then(() => {
    hasEnded = true;
  });
  await waitFor(() => hasEnded || service.output().includes('Ctrl-C stops'), {
    timeoutMs: READY_LIMIT_MS,
    what: 'the ready block',
  });
  assert.ok(!hasEnded, service.output());
  return service;
}

async function ackline(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { cwd: folder, env: { ...bareEnvironment(), ...environment, ...env } };
  return promisify(execFile)(process.execPath, [MAIN, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

interface ShownEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly deliveries: readonly { state: string; lastStatus: number }[];
}

async function listEvents(): Promise<ShownEvent[]> {
  const { stdout } = await ackline(['events', '--json', '--limit', '1000']);
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ShownEvent);
}

/** Resolves once so many events are stored and all of them are delivered. */
async function untilDelivered(count: number): Promise<ShownEvent[]> {
  return waitFor(
    async () => {
      const events = await listEvents();
      const isDone = events.every(event => event.deliveries[0]?.state === 'delivered');
      return events.length === count && isDone ? events : null;
    },
    { timeoutMs: LIMIT_MS, what: `${count} delivered events` },
  );
}

/** The process ids of the services, from what `up` tells other commands. */
async function servicePids(): Promise<number[]> {
  const text = await readFile(join(folder, '.ackline/up.json'), 'utf8');
  return Object.values((JSON.parse(text) as { services: Record<string, number> }).services);
}

async function postgresPid(): Promise<number> {
  return Number.parseInt(await readFile(join(folder, '.ackline/postgres/postmaster.pid'), 'utf8'), 10);
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function operations(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${environment['OPS_PORT']}${path}`);
  return { status: response.status, text: await response.text() };
}

test('the pasted curl gets 200, and its event is listed as delivered', async () => {
  const curl = /^curl -i [^]*?'(?=\n\n)/m.exec(up.output())?.[0];
  assert.ok(curl !== undefined, up.output());
  const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
  assert.match(stdout, /^HTTP\/1\.1 200 /);
  assert.match(stdout, /\{"status":"received"\}/);

  const [event] = await untilDelivered(1);
  assert.deepEqual([event?.source, event?.type], ['telegram', 'message']);
  assert.equal(event?.deliveries[0]?.lastStatus, 200);
  await waitFor(() => /← sample receiver: delivery \S+ arrived/.test(up.output()), { what: 'its line' });
});

test('signed samples of every provider are accepted and delivered', async () => {
  for (const provider of ['telegram', 'twilio', 'respondio']) {
    const { code, stdout, stderr } = await ackline(['send', provider, '--count', '10']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /200 × 10 /);
  }
  await untilDelivered(31);
});

test('the console lists the events that were sent', async () => {
  const base = `http://127.0.0.1:${environment['CONSOLE_PORT']}/api/v1`;
  assert.ok(up.output().includes(`${base}/openapi.json`), up.output());
  const response = await fetch(`${base}/events?limit=5`);
  assert.equal(response.status, 200);
  const { items } = (await response.json()) as { items: { deliveries: { state: string }[] }[] };
  assert.equal(items.length, 5);
  assert.ok(items.every(({ deliveries }) => deliveries[0]?.state === 'delivered'));
});

test('webhooks go before what the console does', async () => {
  const { services } = JSON.parse(await readFile(join(folder, '.ackline/up.json'), 'utf8')) as {
    services: Record<'ingress' | 'processor' | 'console', number>;
  };
  const own = getPriority();
  assert.deepEqual([getPriority(services.ingress), getPriority(services.processor)], [own, own]);
  assert.ok(getPriority(services.console) > own); // a greater number comes later
});

test('one operations port tells of all processes', async () => {
  for (const path of ['/livez', '/readyz', '/startupz']) {
    assert.equal((await operations(path)).status, 200, path);
  }
  const { text } = await operations('/metrics');
  for (const service of ['ackline', 'ingress', 'processor', 'console']) {
    assert.match(text, new RegExp(`^process_cpu_seconds_total\\{.*service="${service}"`, 'm'), service);
  }
  assert.match(text, /^ackline_processor_events_total\{.*result="stored".*\} 31$/m);
});

test('the doctor asks all parts that run here, and finds nothing wrong with them', async () => {
  const { code, stdout, stderr } = await ackline(['doctor', '--json', '--ignore', 'undurable-answered-503']);
  assert.deepEqual([code, stderr], [0, '']);
  const { findings, notLookedAt } = JSON.parse(stdout) as {
    findings: unknown[];
    notLookedAt: { part: string }[];
  };
  assert.deepEqual(findings, []);
  assert.deepEqual(
    notLookedAt.map(({ part }) => part),
    ['what production needs', 'Kafka', 'Telegram', 'publicUrl from outside'],
  );
});

test('secrets and the database URL are readable by their owner only', async () => {
  for (const file of ['dev.env', 'up.json', 'logs/ingress.log']) {
    assert.equal((await stat(join(folder, '.ackline', file))).mode & 0o077, 0, file);
  }
});

test('SIGHUP makes all services read the file again, and a bad file is told with its line', async () => {
  const path = join(folder, 'ackline.yaml');
  const good = await readFile(path, 'utf8');
  process.kill(up.pid, 'SIGHUP');
  for (const service of ['ingress', 'processor', 'console']) {
    const log = join(folder, `.ackline/logs/${service}.log`);
    await waitFor(async () => (await readFile(log, 'utf8')).includes('config.reloaded'), {
      what: `the reload of ${service}`,
    });
  }
  assert.doesNotMatch(up.output(), /signal\.ignored/);
  await writeFile(path, good.replace('destination: sample-receiver', 'destination: nobody'));
  process.kill(up.pid, 'SIGHUP');
  for (const service of ['ingress', 'processor', 'console']) {
    const refusal = new RegExp(
      `^! ${service} error: config\\.refused \\(.*ackline\\.yaml:\\d+:\\d+ {2}routes\\[0\\].* – npx ackline check$`,
      'm',
    );
    await waitFor(() => refusal.test(up.output()), { what: `the refusal of ${service}` });
  }
  await writeFile(path, good);
});

test('a second start on the same directory is refused with its holder', async () => {
  const { code, stderr } = await ackline(['up']);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`error \\[ACKLINE_DATA_DIRECTORY\\] .* in use by process ${up.pid} `));
});

test('a port that was chosen and is taken is refused with its holder', async () => {
  const { code, stderr } = await ackline(['up'], { ACKLINE_DATA_DIR: join(folder, 'other') });
  assert.equal(code, 1);
  assert.match(stderr, /error \[ACKLINE_PORT_IN_USE\] PORT: port \d+ is held by /);
});

test('a taken port of the sample receiver is refused before PostgreSQL is made', async () => {
  const dataDir = join(folder, 'sample-port');
  const ports = {
    PORT: String(await freePort()),
    OPS_PORT: String(await freePort()),
    CONSOLE_PORT: String(await freePort()),
  };
  const { code, stderr } = await ackline(['up'], { ...ports, ACKLINE_DATA_DIR: dataDir });
  assert.equal(code, 1);
  assert.match(stderr, /error \[ACKLINE_PORT_IN_USE\] The sample receiver .*: port \d+ is held by /);
  assert.ok(!(await readdir(join(dataDir, 'postgres')).catch((): string[] => [])).includes('PG_VERSION'));
});

test('a backup of the running system can not be restored into it', async () => {
  const backup = await ackline(['backup', 'running.backup']);
  assert.equal(backup.code, 0, backup.stderr);
  const restore = await ackline(['restore', 'running.backup']);
  assert.equal(restore.code, 1);
  assert.match(restore.stderr, /error \[ACKLINE_RESTORE_REFUSED\] A processor works on this database/);
});

test('a service that is killed comes back, and goes on accepting', async () => {
  const before = await servicePids();
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await waitFor(
    async () => {
      const now = await servicePids();
      return now.every(pid => !before.includes(pid)) && (await operations('/readyz')).status === 200;
    },
    { timeoutMs: LIMIT_MS, what: 'new services' },
  );
  assert.equal((await ackline(['send', 'telegram'])).code, 0);
  await untilDelivered(32);
  for (const service of ['ingress', 'processor', 'console']) {
    assert.match(
      up.output(),
      new RegExp(`^! ackline error: component.failed .*${service} ended.*SIGKILL`, 'm'),
    );
    // Readiness does not ask for the console.
    const again = new RegExp(`^· ${service} runs again$`, 'm');
    await waitFor(() => again.test(up.output()), { timeoutMs: LIMIT_MS, what: `${service} again` });
  }
});

test('PostgreSQL that is killed comes back with every event', async () => {
  const killed = await postgresPid();
  process.kill(killed, 'SIGKILL');
  await waitFor(async () => (await postgresPid()) !== killed && (await ackline(['events'])).code === 0, {
    timeoutMs: LIMIT_MS,
    what: 'a new PostgreSQL',
  });
  await waitFor(async () => (await ackline(['send', 'telegram'])).code === 0, {
    timeoutMs: LIMIT_MS,
    what: 'an accepted webhook',
  });
  const ids = (await listEvents()).map(event => event.id);
  assert.ok(ids.length >= 32);
});

test('after a kill of `up` the services end by themselves, and the next start has every event', async () => {
  const events = await listEvents();
  const services = await servicePids();
  const secrets = await readFile(join(folder, '.ackline/dev.env'), 'utf8');
  await up.stop('SIGKILL');
  await waitFor(() => services.every(isGone), { timeoutMs: LIMIT_MS, what: 'the end of the services' });

  up = await start();
  assert.equal(await readFile(join(folder, '.ackline/dev.env'), 'utf8'), secrets);
  const listed = new Set((await listEvents()).map(event => event.id));
  assert.ok(events.every(event => listed.has(event.id)));
});

test('a start right after a kill waits for what was left over', async () => {
  await up.stop('SIGKILL');
  up = await start();
  assert.equal((await ackline(['send', 'telegram'])).code, 0);
});

test('SIGTERM drains everything in order and exits 0', async () => {
  const pids = [...(await servicePids()), await postgresPid()];
  assert.deepEqual(await up.stop('SIGTERM'), { code: 0, signal: null });
  assert.ok(pids.every(isGone), 'nothing is left running');
  const files = await readdir(join(folder, '.ackline'));
  assert.ok(!files.includes('up.json'), 'nobody is told of what does not run');
  const { code, stderr } = await ackline(['events']);
  assert.equal(code, 1);
  assert.match(stderr, /error \[ACKLINE_NOT_RUNNING\]/);
});

test('with nothing running, a backup restores into a new data directory', async () => {
  const backup = await ackline(['backup', 'stopped.backup']);
  assert.equal(backup.code, 0, backup.stderr);
  const restore = await ackline(['restore', 'stopped.backup'], {
    ACKLINE_DATA_DIR: join(folder, 'restored'),
  });
  assert.equal(restore.code, 0, restore.stderr);
  assert.match(restore.stdout, /events +3\d\n/);
  assert.match(
    restore.stdout,
    /\nStart it with `ACKLINE_DATA_DIR=\S*restored npm start`: 0 open deliveries go out then\./,
  );
});

test('in production a missing secret is refused by its name, and none is made up', async () => {
  const dataDir = join(folder, 'production');
  const text = await readFile(CONFIG, 'utf8');
  const own = text.replace('# publicUrl', 'publicUrl').replace('127.0.0.1:8090/sample', '127.0.0.1:1/own');
  await writeFile(join(folder, 'production.yaml'), own);
  const { code, stderr } = await ackline(['up'], {
    HOST: '0.0.0.0',
    ACKLINE_CONFIG: 'production.yaml',
    ACKLINE_DATA_DIR: dataDir,
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^! production, because HOST=0\.0\.0\.0 is reachable by others; development needs loopback\nerror \[ACKLINE_SECRET_MISSING\]/,
  );
  assert.match(stderr, /WEBHOOK_SECRET_TOKEN is not set/);
  assert.ok(!(await readdir(dataDir)).includes('dev.env'));
});

test('in production a destination that is the sample receiver is refused, before anything is made', async () => {
  const text = await readFile(CONFIG, 'utf8');
  await writeFile(join(folder, 'sample.yaml'), text.replace('# publicUrl', 'publicUrl'));
  const { code, stderr } = await ackline(['up'], {
    ACKLINE_ENV: 'production',
    ACKLINE_CONFIG: 'sample.yaml',
    ACKLINE_DATA_DIR: join(folder, 'sample'),
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error \[ACKLINE_SAMPLE_IN_PRODUCTION\] destination sample-receiver \(http:\S+\) .* – Set the destination's url/,
  );
  await assert.rejects(stat(join(folder, 'sample')), { code: 'ENOENT' });
});

test('a service that refuses its environment is told of in one line, and nothing stays behind', async () => {
  const dataDir = join(folder, 'refused');
  const { code, stderr } = await ackline(['up'], {
    KAFKA_BROKERS: 'not a broker',
    ACKLINE_DATA_DIR: dataDir,
  });
  assert.equal(code, 1);
  assert.match(stderr, /^error \[ACKLINE_ENVIRONMENT_INVALID\] (ingress|processor): .*KAFKA_BROKERS/m);
  await assert.rejects(stat(join(dataDir, 'postgres/postmaster.pid')), { code: 'ENOENT' });
});
