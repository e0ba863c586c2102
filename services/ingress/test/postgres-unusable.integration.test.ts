import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { migrate } from '@ackline/store/migrate';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { idsInInbox, type RunningIngress, sendUpdate, startIngress } from './support/service.ts';

const SLOW = { timeoutMs: 60_000 };

describe('an ingress that starts while PostgreSQL is away, and then meets one without its schema', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let folder: string;
  let agent: Agent;
  let url: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
    agent = new Agent({ keepAlive: false });
    database = await createTestDatabase({ migrated: false });
    const target = new URL(database.url);
    proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    url = target.href;
    await proxy.cut();
  });
  afterEach(async () => {
    agent.destroy();
    await proxy.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const postgresOf = async (ingress: RunningIngress) => {
    const { event_log: log } = (await ingress.health()) as {
      event_log: { postgres: string; weaker_than_contract: string[] };
    };
    return [log.postgres, ...log.weaker_than_contract];
  };
  const REFUSED = ['refused', 'PostgreSQL is not used (ACKLINE_SCHEMA_OLDER): the log says what to do'];

  it('goes on with the tier that takes events, shows why PostgreSQL is not used, and uses it once it is migrated', async () => {
    await using ingress = await startIngress(url, { SPOOL_DIR: folder });
    assert.deepEqual(await postgresOf(ingress), ['connecting']);
    await proxy.heal();
    await waitFor(async () => (await postgresOf(ingress))[0] === 'refused', SLOW);
    assert.deepEqual(await postgresOf(ingress), REFUSED);
    assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
    assert.equal((await fetch(`${ingress.operations}/readyz`)).status, 200);
    await waitFor(() => ingress.logged('postgres.refused').length > 0);
    const [line] = ingress.logged('postgres.refused');
    assert.equal(line?.['code'], 'ACKLINE_SCHEMA_OLDER');
    assert.match(JSON.stringify(line['err']), /run `ackline migrate`/);

    await migrate(database.url);
    await waitFor(async () => (await postgresOf(ingress))[0] === 'ready', SLOW);
    assert.equal(await sendUpdate(agent, ingress.port, 2), 200);
    await waitFor(async () => (await idsInInbox(database.url)).length === 2, SLOW);
    assert.deepEqual(await ingress.service.stop(), { code: 0, signal: null }, ingress.service.output());
  });

  it('without another tier lives, is not ready and says why, until it is migrated', async () => {
    await using ingress = await startIngress(url, {}, { readyPath: '/livez' });
    await proxy.heal();
    await waitFor(async () => (await postgresOf(ingress))[0] === 'refused', SLOW);
    assert.equal(await sendUpdate(agent, ingress.port, 1), 503);
    const readiness = await fetch(`${ingress.operations}/readyz`);
    assert.equal(readiness.status, 503);
    assert.match(await readiness.text(), /takes no event yet \(ACKLINE_SCHEMA_OLDER\)/);

    await migrate(database.url);
    await waitFor(async () => (await fetch(`${ingress.operations}/readyz`)).ok, SLOW);
    assert.equal(await sendUpdate(agent, ingress.port, 2), 200);
    assert.deepEqual(await ingress.service.stop(), { code: 0, signal: null }, ingress.service.output());
  });
});
