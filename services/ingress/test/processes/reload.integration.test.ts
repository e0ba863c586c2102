import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { assertStored, newTally, SERVICE_TOKEN, sendUpdates, startIngress } from '../support/service.ts';

const SENDERS = 4;
/** New connections go to the processes in turn: so many at once reach both. */
const PROBES = 8;
const SLOW = { timeoutMs: 120_000 };
const ADDED_SOURCE = '{ name: second, provider: telegram, path: /webhook/second, secrets: [{ env: TOKEN }] }';

async function sendToSecond(port: number, id: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/webhook/second`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-telegram-bot-api-secret-token': SERVICE_TOKEN,
      connection: 'close',
    },
    body: `{"update_id":${id}}`,
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return response.status;
}

describe('SIGHUP to several ingress processes under load', () => {
  it('opens and closes a source, and a broken file changes nothing but /health', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        LOG_LEVEL: 'WARNING',
      });
      const { port, configFile, service } = ingress;
      const tally = newTally();
      let over = false;
      const senders = Array.from({ length: SENDERS }, (_, index) =>
        sendUpdates(port, { firstId: (index + 1) * 1_000_000, keepAlive: true, tally, isOver: () => over }),
      );
      let probes = 0;
      const atSecond: number[] = [];
      const secondAnswers = async (expected: number) => {
        const ids = Array.from({ length: PROBES }, () => (probes += 1));
        const statuses = await Promise.all(ids.map(id => sendToSecond(port, id)));
        atSecond.push(...ids.filter((_, index) => statuses[index] === 200));
        return statuses.every(status => status === expected);
      };
      const configError = async () =>
        ((await ingress.health()) as { config: { error: unknown } }).config.error;
      const put = async (text: string) => {
        await writeFile(configFile, text);
        service.kill('SIGHUP');
      };

      const text = await readFile(configFile, 'utf8');
      assert.ok(await secondAnswers(404));
      await put(text.replace('sources: [', `sources: [${ADDED_SOURCE}, `));
      await waitFor(() => secondAnswers(200), SLOW);

      await put('sources: [');
      await waitFor(() => ingress.logged('config.refused').length === 2, SLOW);
      assert.equal(await configError(), 'ACKLINE_CONFIG_INVALID');
      assert.ok(await secondAnswers(200));

      await put(text);
      await waitFor(() => secondAnswers(404), SLOW);
      assert.equal(await configError(), null);

      over = true;
      await Promise.all(senders);
      assert.deepEqual([tally.statuses, tally.failures], [[], []]);
      await assertStored(database.url, { ...tally, accepted: [...atSecond, ...tally.accepted] });
    });
  });
});

/** Levels as the lines about requests have them, of each process. */
function levelsShown(lines: readonly Record<string, unknown>[]): Set<string> {
  return new Set(lines.map(line => `${String(line['worker'])} ${String(line['level'])}`));
}

describe('logLevel of ackline.yaml', () => {
  it('changes what every process logs, the parent too, while they run', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2', LOG_LEVEL: 'ERROR' });
      const { port, configFile, service } = ingress;
      const text = await readFile(configFile, 'utf8');
      const changes = () => ingress.logged('log.level-changed');
      const untilChanged = (count: number) => waitFor(() => changes().length >= count, SLOW);
      let id = 0;
      const send = () =>
        sendUpdates(port, {
          firstId: id,
          keepAlive: false,
          tally: newTally(),
          isOver: () => (id += 1) % PROBES === 0,
        });

      await send();
      assert.deepEqual(ingress.logged('webhook.accepted'), []);

      await writeFile(configFile, `logLevel: debug\n${text}`);
      service.kill('SIGHUP');
      await untilChanged(3); // two workers, and their parent
      const responseTimes = () =>
        service
          .output()
          .split('\n')
          .filter(line => line.includes('Webhook response time') && line.endsWith('}'))
          .map(line => JSON.parse(line) as Record<string, unknown>);
      await waitFor(async () => {
        await send();
        return levelsShown(responseTimes()).size === 2;
      }, SLOW);
      assert.deepEqual(
        new Set(changes().map(line => `${String(line['from'])} ${String(line['to'])}`)),
        new Set(['error debug']),
      );
      assert.deepEqual(
        new Set(changes().map(line => typeof line['worker'])),
        new Set(['number', 'undefined']),
      );

      // Without a signal: the change of the file is seen.
      await writeFile(configFile, text);
      await untilChanged(6);
      const seen = ingress.logged('webhook.accepted').length;
      await send();
      assert.deepEqual(await service.stop(), { code: 0, signal: null });
      assert.equal(ingress.logged('webhook.accepted').length, seen);
      assert.deepEqual(ingress.logged('drain.started'), []);
    });
  });
});
