import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { migrate } from '@ackline/store/migrate';
import { startPostgres, type UrlContainer } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { ask, startApp } from './support/running-app.ts';
import {
  idsInInbox,
  type RunningIngress,
  SERVICE_CONFIG,
  SERVICE_TOKEN,
  sendUpdate,
  startIngress,
} from './support/service.ts';

/** In place of each minute. */
const ASK_EVERY_MS = 200;

interface ShownLog {
  readonly tier_in_use: string;
  readonly postgres: string;
  readonly weaker_than_contract: readonly string[];
}

const logOf = async (ingress: RunningIngress) => (await ingress.health())['event_log'] as ShownLog;

describe('a PostgreSQL that is made weaker than the contract below a running ingress', {
  timeout: 600_000,
}, () => {
  let server: UrlContainer;
  let admin: pg.Client;
  let agent: Agent;
  let folder: string;
  before(async () => {
    server = await startPostgres();
    await migrate(server.url);
  });
  after(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
    agent = new Agent({ keepAlive: false });
    admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
  });
  afterEach(async () => {
    agent.destroy();
    await setFsync('on');
    await admin.end();
    await rm(folder, { recursive: true, force: true });
  });

  async function setFsync(value: 'on' | 'off'): Promise<void> {
    await admin.query(`alter system set fsync = ${value}`);
    await admin.query('select pg_reload_conf()');
    await waitFor(async () => {
      const { rows } = await admin.query<{ fsync: string }>('show fsync');
      return rows[0]?.fsync === value;
    });
  }

  const REFUSED = [
    'refused',
    'PostgreSQL is not used (ACKLINE_POSTGRES_NOT_DURABLE): the log says what to do',
  ];
  const shownBy = async (ingress: RunningIngress) => {
    const { postgres, weaker_than_contract: weaker } = await logOf(ingress);
    return [postgres, ...weaker];
  };
  const ready = async ({ operations }: RunningIngress) => (await fetch(`${operations}/readyz`)).ok;

  it('acks nothing on the connections that it has, from the reload on', async () => {
    await using ingress = await startIngress(server.url);
    assert.equal(await sendUpdate(agent, ingress.port, 20), 200);
    await setFsync('off');
    assert.equal(await sendUpdate(agent, ingress.port, 21), 503);
    assert.deepEqual(await shownBy(ingress), REFUSED);

    await setFsync('on');
    await waitFor(() => ready(ingress));
    assert.equal(await sendUpdate(agent, ingress.port, 22), 200);
  });

  it('gives the event to the spool, from the reload on', async () => {
    await using ingress = await startIngress(server.url, { SPOOL_DIR: folder });
    assert.equal(await sendUpdate(agent, ingress.port, 30), 200);
    await setFsync('off');
    assert.equal(await sendUpdate(agent, ingress.port, 31), 200);
    const shown = (await ingress.health())['event_log'] as { appended: Record<string, number> };
    assert.deepEqual(shown.appended, { kafka: 0, inbox: 1, spool: 1 });
  });

  it('acks nothing on a connection to it, as after a failover, is not ready, and takes events again once it is put right', async () => {
    await using ingress = await startIngress(server.url);
    assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
    await setFsync('off');
    // As a failover does: whatever is sent next goes over a new connection, to the server that is there now.
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ackline-ingress'",
    );
    assert.equal(await sendUpdate(agent, ingress.port, 2), 503);
    await waitFor(async () => (await shownBy(ingress))[0] === 'refused');
    assert.deepEqual(await shownBy(ingress), REFUSED);
    assert.equal(await ready(ingress), false);
    await waitFor(() => ingress.logged('postgres.refused').length > 0);
    assert.match(
      JSON.stringify(ingress.logged('postgres.refused')[0]),
      /set fsync to on.*ACKLINE_POSTGRES_NOT_DURABLE/,
    );

    await setFsync('on');
    await waitFor(() => ready(ingress));
    assert.equal(await sendUpdate(agent, ingress.port, 3), 200);
    const ids = await idsInInbox(server.url);
    assert.ok(ids.includes(1) && ids.includes(3) && !ids.includes(2), ids.join());
  });

  it('is found by the next question, without another event, and the spool takes the events meanwhile', async () => {
    await using ingress = await startApp({
      folder,
      config: SERVICE_CONFIG,
      databaseUrl: server.url,
      env: { TOKEN: SERVICE_TOKEN, SPOOL_DIR: join(folder, 'spool') },
      settings: { askPostgresEveryMs: ASK_EVERY_MS },
    });
    const shown = async () => {
      const { event_log: log } = (await (await ask(`${ingress.base}/health`)).json()) as {
        event_log: ShownLog;
      };
      return { ...log, said: [log.postgres, ...log.weaker_than_contract] };
    };
    assert.equal(await sendUpdate(agent, ingress.port, 10), 200);
    await setFsync('off');
    await waitFor(async () => (await shown()).postgres === 'refused');
    const { said, tier_in_use: tier } = await shown();
    assert.deepEqual([said, tier], [REFUSED, 'spool']);
    assert.equal((await ask(`${ingress.operations}/readyz`)).status, 200);
    assert.equal(await sendUpdate(agent, ingress.port, 11), 200);
    assert.ok(!(await idsInInbox(server.url)).includes(11));

    await setFsync('on');
    await waitFor(async () => (await idsInInbox(server.url)).includes(11));
    assert.deepEqual((await shown()).said, ['ready']);
  });
});
