import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '@ackline/shared/config/load-config';
import { providers } from '@ackline/shared/providers/registry';
import { readPage, ROOT } from './example-page.ts';
import { openTutorialFolder } from './tutorial-folder.ts';

const EXAMPLE = 'examples/telegram-service-bot';
const blocksOf = await readPage('telegram-service-bot');
const read = (path: string) => readFile(join(ROOT, EXAMPLE, path), 'utf8');

describe('docs/tutorials/telegram-service-bot.md', () => {
  it('shows the files of the example as they are', async () => {
    assert.equal(blocksOf('yaml')[0], await read('ackline.yaml'));
    assert.deepEqual(
      blocksOf('ts'),
      await Promise.all(
        ['conversation', 'service-api', 'service-bot'].map(name => read(`handlers/${name}.ts`)),
      ),
    );
  });

  it('has commands that lead from nothing to a request, as it says', async () => {
    await using folder = await openTutorialFolder('examples/telegram-service-bot', { ports: [8091] });
    const [start = '', standIns = '', talk = ''] = blocksOf('sh');
    const first = folder.run(start);
    await first.untilSaid('Ctrl-C stops');
    const second = folder.run(standIns);
    await second.untilSaid('stand-ins: ');
    const third = folder.run(talk);
    await third.untilDone();
    const expected = blocksOf('')[0] ?? '';
    await second.untilSaid(expected.trimEnd().split('\n').at(-1) ?? '');
    assert.equal(second.output().split('\n').slice(1).join('\n'), expected);
    assert.match(third.output(), /service-bot: delivered/);
    await first.end('SIGTERM');
    assert.match(first.output(), /stopped/);
  });

  it('has values of a cluster whose configuration is right', () => {
    const [, config = ''] = /^config:\n((?: {2}.*\n)+)/m.exec(blocksOf('yaml')[1] ?? '') ?? [];
    const text = config.replaceAll(/^ {2}/gm, '');
    const { destinations } = loadConfig(text, { fileName: 'values.yaml', providers, production: true });
    assert.deepEqual(
      destinations.map(({ name }) => name),
      ['service-bot'],
    );
  });
});
