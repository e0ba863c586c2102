import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createHandlerPg } from '@ackline/handlers/services/handler-pg';
import { runHandler } from '@ackline/handlers/testing';
import { loadConfig } from '@ackline/shared/config/load-config';
import { providers } from '@ackline/shared/providers/registry';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { respondioIntake } from '../../respondio-intake/handlers/respondio-intake.ts';
import { readPage, ROOT } from '../example-page.ts';
import { WITHOUT_PSQL } from '../psql.ts';
import { openTutorialFolder } from '../tutorial-folder.ts';

const NAME = 'respondio-intake';
const blocksOf = await readPage(NAME);
const read = (path: string) => readFile(join(ROOT, 'examples', NAME, path), 'utf8');
const [start = '', talk = '', rows = '', schema = ''] = blocksOf('sh');
const TALKED = 'npx ackline events';

describe('docs/tutorials/respondio-intake.md', () => {
  it('shows the files of the example as they are', async () => {
    assert.equal(blocksOf('yaml')[0], await read('ackline.yaml'));
    assert.deepEqual(blocksOf('sql'), [await read('schema.sql')]);
    const modules = ['contact-store', 'respondio-intake'].map(name => read(`handlers/${name}.ts`));
    assert.deepEqual(blocksOf('ts'), await Promise.all(modules));
  });

  it('has commands that lead from nothing to rows of both tenants, and a message that is refused', async t => {
    await using folder = await openTutorialFolder(`examples/${NAME}`);
    const first = folder.run(start);
    await first.untilSaid('Ctrl-C stops');
    assert.match(await folder.run(talk).untilDone(), /"status":401/);
    const events = () =>
      folder.run(`export ACKLINE_CONFIG=examples/${NAME}/ackline.yaml\n${TALKED}`).untilDone();
    const handled = async () => (await events()).split('intake: delivered').length - 1;
    await waitFor(async () => (await handled()) === 6, { timeoutMs: 60_000, what: 'six rows' });
    if (WITHOUT_PSQL === false) assert.equal(await folder.run(rows).untilDone(), blocksOf('')[0]);
    else t.diagnostic(WITHOUT_PSQL);
    await first.end('SIGTERM');
    assert.match(first.output(), /stopped/);
  });

  it('has tables that psql makes, as often as it is run, and the handler uses', {
    skip: WITHOUT_PSQL,
  }, async () => {
    await withDatabase(
      async ({ url }) => {
        await using folder = await openTutorialFolder(`examples/${NAME}`);
        for (let n = 0; n < 2; n++) await folder.run(`export DATABASE_URL='${url}'\n${schema}`).untilDone();
        const pg = createHandlerPg({ connectionString: url, connections: 1 }, 'test');
        const body = { contact: { id: 1 }, message: { messageId: 'm1' } };
        const { result } = await runHandler(respondioIntake, { body }, { pg });
        const { rows: stored } = await pg.query('select id, contact_id from respondio_intake.messages');
        await pg.close();
        assert.deepEqual([result, stored], [{ kind: 'done' }, [{ id: 'm1', contact_id: '1' }]]);
      },
      { migrated: false },
    );
  });

  it('has values of a cluster whose configuration is right', () => {
    const [, config = ''] = /^config:\n((?: {2}.*\n)+)/m.exec(blocksOf('yaml')[1] ?? '') ?? [];
    const text = config.replaceAll(/^ {2}/gm, '');
    const { sources } = loadConfig(text, { fileName: 'values.yaml', providers, production: true });
    assert.deepEqual(
      sources.map(({ tenant, path, onUndurable }) => [tenant, path, onUndurable]),
      ['faster', 'vip'].flatMap(tenant =>
        ['incoming', 'outgoing'].map(way => [tenant, `/webhook/${tenant}/${way}`, 200]),
      ),
    );
  });
});
