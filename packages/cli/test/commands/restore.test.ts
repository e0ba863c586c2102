import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeNext } from '../../src/commands/restore.ts';

const next = (config: Parameters<typeof describeNext>[0]) => describeNext(config, { open: 2, waiting: 0 });

test('how what was restored is started depends on where it runs', () => {
  const dataDir = '/var/lib/ackline';
  const own = { databaseUrl: null, dataDir } as const;
  assert.match(
    next({ ...own, mode: 'development' }),
    /^\nStart it with `ACKLINE_DATA_DIR=\/var\/lib\/ackline npm start`: 2 open deliveries go out then\./,
  );
  const inProduction = next({ ...own, mode: 'production' });
  assert.match(
    inProduction,
    /^\nStart the service that runs on \/var\/lib\/ackline, as `systemctl start ackline` does: 2 open/,
  );
  assert.doesNotMatch(inProduction, /npm start/);
  const onServer = next({ databaseUrl: 'postgres://db/ackline', dataDir, mode: 'production' });
  assert.match(onServer, /^\nStart the services on this DATABASE_URL: 2 open/);
});
