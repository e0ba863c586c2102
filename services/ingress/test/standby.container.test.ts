import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { standbyWeaknesses } from '@ackline/store/durability';
import { migrate } from '@ackline/store/migrate';
import { type PostgresContainer, startPostgres } from '@ackline/testkit/containers';
import { startReceiver, startStandby } from '@ackline/testkit/standby';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { startIngress } from './support/service.ts';

const WEAKER = [
  'PostgreSQL has a standby that no commit waits for: a failover to it loses events that were answered 200',
];

/** What is said of its standbys, after these statements. */
async function asked(url: string, ...statements: readonly string[]): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
    return await standbyWeaknesses(client as never);
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL with a standby', { timeout: 600_000 }, () => {
  let server: PostgresContainer;
  before(async () => {
    server = await startPostgres();
    await migrate(server.url);
    await startStandby(server);
  });
  after(() => server[Symbol.asyncDispose]());

  const shownBy = async (env: Readonly<Record<string, string>>) => {
    await using ingress = await startIngress(server.url, env);
    const { event_log: log } = (await ingress.health()) as { event_log: { weaker_than_contract: string[] } };
    if (log.weaker_than_contract.length > 0) {
      await waitFor(() => ingress.logged('postgres.weaker').length > 0);
      assert.deepEqual(ingress.logged('postgres.weaker')[0]?.['weaknesses'], log.weaker_than_contract);
    }
    return log.weaker_than_contract;
  };

  it('is named as weaker than the contract where no commit waits for it, and not where it is declared to serve readers alone', async () => {
    assert.deepEqual(await shownBy({}), WEAKER);
    assert.deepEqual(await shownBy({ POSTGRES_STANDBYS: 'read-only' }), []);
  });

  it('shows it to an ordinary role, and where it does not, that is named', async () => {
    await asked(server.url, "create role ordinary login password 'test-only'");
    const ordinary = new URL(server.url);
    ordinary.username = 'ordinary';
    assert.deepEqual(await asked(ordinary.href), WEAKER);
    await asked(server.url, 'revoke select on pg_stat_replication from public');
    assert.deepEqual(await asked(ordinary.href), [
      'PostgreSQL does not show whether it has a standby, or whether commits wait for one',
    ]);
  });

  it('is as the contract wants it once commits wait for it', async () => {
    const names = "alter system set synchronous_standby_names = '*'";
    await asked(server.url, names, 'select pg_reload_conf()');
    await waitFor(async () => (await asked(server.url)).length === 0);
    assert.deepEqual(await shownBy({}), []);
  });
});

describe('a PostgreSQL whose changes go to a backup and to a subscriber', { timeout: 600_000 }, () => {
  it('has no standby', async () => {
    await using server = await startPostgres();
    await asked(
      server.url,
      "alter system set wal_level = 'logical'",
      'create publication all_of_it for all tables',
    );
    await server.kill();
    await server.start();
    await waitFor(() => asked(server.url).then(() => true));
    await startReceiver(server, 'pg_receivewal', '--directory /tmp');
    const slot = '--dbname ackline --slot others';
    await server.run(`pg_recvlogical --username ackline ${slot} --create-slot --plugin pgoutput`);
    const options = '--option proto_version=1 --option publication_names=all_of_it';
    await startReceiver(server, 'pg_recvlogical', `${slot} --start --file /tmp/changes ${options}`);
    assert.deepEqual(await asked(server.url), []);
  });
});
