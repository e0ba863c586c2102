import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrate } from '@ackline/store/migrate';
import { startPostgres } from '@ackline/testkit/containers';
import { startStandby } from '@ackline/testkit/standby';
import { openDoctorFolder, parseReport } from '../run-doctor.ts';

const CONFIG = `sources: [{ name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }] }]
routes: [{ name: all, destination: bot }]
destinations: [{ name: bot, type: http, url: http://127.0.0.1:1/ }]
`;

describe('ackline doctor: a PostgreSQL with a standby', { timeout: 180_000 }, () => {
  it('finds that no commit waits for it, but where it is declared to serve readers alone', async () => {
    await using server = await startPostgres();
    await migrate(server.url);
    await startStandby(server);
    await using folder = await openDoctorFolder();
    await folder.write('ackline.yaml', CONFIG);
    const look = async (env: Readonly<Record<string, string>> = {}) => {
      const ran = await folder.run({ DATABASE_URL: server.url, ...env }, '--json');
      return parseReport(ran).findings.map(({ id, what }) => `${id}: ${what}`);
    };
    assert.deepEqual(await look(), [
      'standby-asynchronous: PostgreSQL has a standby that no commit waits for: a failover to it loses events that were answered 200',
    ]);
    assert.deepEqual(await look({ POSTGRES_STANDBYS: 'read-only' }), []);
  });
});
