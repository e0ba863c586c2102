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
import { whatsappIntake } from '../../whatsapp-intake/handlers/whatsapp-intake.ts';
import { readPage, ROOT } from '../example-page.ts';
import { WITHOUT_PSQL } from '../psql.ts';
import { openTutorialFolder } from '../tutorial-folder.ts';

const NAME = 'whatsapp-intake';
const blocksOf = await readPage(NAME);
const read = (path: string) => readFile(join(ROOT, 'examples', NAME, path), 'utf8');
const [start = '', standIn = '', talk = '', rows = '', schema = ''] = blocksOf('sh');
const sorted = (lines: string) => lines.trim().split('\n').toSorted();

describe('docs/tutorials/whatsapp-intake.md', () => {
  it('shows the files of the example as they are', async () => {
    assert.equal(blocksOf('yaml')[0], await read('ackline.yaml'));
    assert.deepEqual(blocksOf('sql'), [await read('schema.sql')]);
    assert.deepEqual(blocksOf('ts'), [await read('handlers/whatsapp-intake.ts')]);
  });

  it('has commands that lead from nothing to rows, as it says', async t => {
    await using folder = await openTutorialFolder(`examples/${NAME}`, { ports: [8092] });
    const first = folder.run(start);
    await first.untilSaid('Ctrl-C stops');
    const second = folder.run(standIn);
    await second.untilSaid('stand-in: ');
    await folder.run(talk).untilDone();
    const [answers = '', table = ''] = blocksOf('');
    await waitFor(() => second.output().split('\n').length > 5, { timeoutMs: 60_000, what: 'four answers' });
    assert.deepEqual(sorted(second.output().split('\n').slice(1).join('\n')), sorted(answers));
    if (WITHOUT_PSQL === false) {
      const shown = () => folder.run(rows).untilDone();
      await waitFor(async () => (await shown()).includes(' read '), {
        timeoutMs: 60_000,
        what: 'the last status',
      });
      assert.equal(await shown(), table);
    } else t.diagnostic(WITHOUT_PSQL);
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
        const body = 'AccountSid=AC1&MessageSid=SM1&From=%2B1&To=%2B2&Body=Hello&NumMedia=0';
        const { result } = await runHandler(whatsappIntake, { type: 'message.received', body }, { pg });
        const { rows: stored } = await pg.query('select body from whatsapp_intake.messages');
        await pg.close();
        assert.deepEqual([result, stored], [{ kind: 'done' }, [{ body: 'Hello' }]]);
      },
      { migrated: false },
    );
  });

  it('has values of a cluster whose configuration is right', () => {
    const [, config = ''] = /^config:\n((?: {2}.*\n)+)/m.exec(blocksOf('yaml')[1] ?? '') ?? [];
    const text = config.replaceAll(/^ {2}/gm, '');
    const { routes } = loadConfig(text, { fileName: 'values.yaml', providers, production: true });
    assert.deepEqual(
      routes.map(({ name, destination }) => [name, destination]),
      ['media', 'texts', 'statuses'].map(name => [name, 'intake']),
    );
  });
});
