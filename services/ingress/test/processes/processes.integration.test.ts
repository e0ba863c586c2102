import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it } from 'node:test';
import { withDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import {
  assertStored,
  idsInInbox,
  newTally,
  sendUpdate,
  sendUpdates,
  startIngress,
  workerPids,
} from '../support/service.ts';

const KEPT_ALIVE = 4;
const FRESH = 2;
/** A start takes a second, and many of them on a busy machine. */
const SLOW = { timeoutMs: 120_000 };

const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

/** Keep-alive and new connections side by side, until `stop`. */
function startLoad(port: number) {
  const tally = newTally();
  let over = false;
  const senders = Array.from({ length: KEPT_ALIVE + FRESH }, (_, index) =>
    sendUpdates(port, {
      firstId: (index + 1) * 1_000_000,
      keepAlive: index < KEPT_ALIVE,
      tally,
      isOver: () => over,
    }),
  );
  return {
    tally,
    async stop() {
      over = true;
      await Promise.all(senders);
    },
    [Symbol.dispose]() {
      over = true;
    },
  };
}

async function sendUnsigned(port: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/webhook/telegram`;
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: '{"update_id":1}' });
  await response.arrayBuffer();
  return response.status;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// Three at a time: each has processes and a database of its own, and waits for starts and drains most of its time.
describe('several ingress processes', { concurrency: 3 }, () => {
  // First, beside the others: it takes the whole drain deadline, which no setting shortens.
  it('kill one of them that hangs in the drain, name it and exit 1', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const workers = workerPids(ingress);
      process.kill(workers[0] ?? 0, 'SIGSTOP');
      assert.deepEqual(await ingress.service.stop('SIGTERM'), { code: 1, signal: null });
      assert.deepEqual(
        ingress.logged('worker.killed').map(line => line['worker']),
        ['worker 1'],
      );
      assert.match(ingress.service.output(), /killed in the drain: worker 1/);
      assert.deepEqual(workers.filter(isAlive), []);
    });
  });

  it('are replaced one by one at SIGUSR2 with no request refused, reset or lost', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        LOG_LEVEL: 'WARNING',
      });
      const before = workerPids(ingress);
      for (const _ of [1, 2, 3]) assert.equal(await sendUnsigned(ingress.port), 401);
      using load = startLoad(ingress.port);
      await waitFor(() => load.tally.accepted.length > 500, SLOW);
      ingress.service.kill('SIGUSR2');
      await waitFor(() => workerPids(ingress).some(pid => !before.includes(pid)), SLOW);
      const withOneNew = load.tally.accepted.length;
      await waitFor(() => {
        const pids = workerPids(ingress);
        return pids.length === 2 && pids.every(pid => !before.includes(pid));
      }, SLOW);
      const whileReplaced = load.tally.accepted.length - withOneNew;
      await load.stop();
      assert.deepEqual([load.tally.statuses, load.tally.failures], [[], []], ingress.service.output());
      // They were counted by processes that have ended, and which nobody had asked before they were replaced.
      const metrics = await (await fetch(`${ingress.operations}/metrics`)).text();
      assert.match(metrics, /ackline_ingress_requests_total\{[^}]*result="rejected"[^}]*\} 3\n/);
      assert.ok(
        whileReplaced > 0,
        'no request between the first new process and the end of the last old one',
      );
      assert.deepEqual(await ingress.service.stop(), { code: 0, signal: null });
      await assertStored(database.url, load.tally);
    });
  });

  it('drain at SIGTERM with every answered event stored, and leave no process behind', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        DRAIN_WAIT_MS: '200',
      });
      const workers = workerPids(ingress);
      using load = startLoad(ingress.port);
      await waitFor(() => load.tally.accepted.length > 300, SLOW);
      const { code } = await ingress.service.stop();
      await load.stop();
      assert.equal(code, 0, ingress.service.output());
      assert.deepEqual(workers.filter(isAlive), []);
      assert.deepEqual(load.tally.statuses, [], ingress.service.output());
      await assertStored(database.url, load.tally);
    });
  });

  it('go on when one of them is killed, and have another one in its place', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        LOG_LEVEL: 'WARNING',
      });
      const [victim = 0] = workerPids(ingress);
      using load = startLoad(ingress.port);
      await waitFor(() => load.tally.accepted.length > 300, SLOW);
      process.kill(victim, 'SIGKILL');
      await waitFor(async () => {
        const pids = workerPids(ingress);
        const { processes } = (await ingress.health()) as { processes: { alive: number } };
        return pids.length === 2 && !pids.includes(victim) && processes.alive === 2;
      }, SLOW);
      assert.equal((await fetch(`${ingress.operations}/readyz`)).status, 200);
      await load.stop();
      // What the killed one had in hand broke, and nothing was refused.
      assert.ok(load.tally.failures.length <= KEPT_ALIVE + FRESH, load.tally.failures.join());
      assert.ok(!load.tally.failures.some(failure => /ECONNREFUSED|no answer/.test(failure)));
      await ingress.service.stop();
      const stored = new Set(await idsInInbox(database.url));
      assert.deepEqual(
        load.tally.accepted.filter(id => !stored.has(id)),
        [],
      );
    });
  });

  it('answer a connection that was handed to one of them which was killed before it took it', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const [victim = 0] = workerPids(ingress);
      process.kill(victim, 'SIGSTOP');
      const agent = new Agent();
      let answered = 0;
      const sent = [1, 2, 3, 4].map(async id => {
        const status = await sendUpdate(agent, ingress.port, id);
        answered += 1;
        return status;
      });
      await waitFor(() => answered === 3, SLOW); // connections go to the two in turn, and the fourth waits for the stopped one
      process.kill(victim, 'SIGKILL');
      assert.deepEqual(await Promise.all(sent), [200, 200, 200, 200]);
      agent.destroy();
      assert.deepEqual(sorted(await idsInInbox(database.url)), [1, 2, 3, 4]);
    });
  });

  it('break such a connection where there is no other one to answer it', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '1' });
      const [victim = 0] = workerPids(ingress);
      process.kill(victim, 'SIGSTOP');
      const agent = new Agent();
      const sent = sendUpdate(agent, ingress.port, 1);
      const broken = assert.rejects(sent, { code: 'ECONNRESET' });
      await waitFor(() => Object.values(agent.sockets).some(sockets => sockets?.[0]?.connecting === false));
      process.kill(victim, 'SIGKILL');
      await broken;
      agent.destroy();
    });
  });

  it('drain and end when their parent is killed, and a new parent takes the port', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const workers = workerPids(ingress);
      await ingress.service.stop('SIGKILL');
      await using _next = await startIngress(database.url, {
        INGRESS_PROCESSES: '1',
        PORT: String(ingress.port),
      });
      assert.equal((await fetch(`http://127.0.0.1:${ingress.port}/health`)).status, 200);
      await waitFor(() => workers.every(pid => !isAlive(pid)), SLOW);
      assert.equal(ingress.logged('ingress.stopped').length, 2, ingress.service.output());
    });
  });

  it('do not stop at a Ctrl-C that reaches only a worker, and all end at one for the group', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const workers = workerPids(ingress);
      for (const pid of workers) process.kill(pid, 'SIGINT');
      const agent = new Agent();
      assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
      agent.destroy();
      for (const pid of workers) process.kill(pid, 'SIGINT');
      assert.deepEqual(await ingress.service.stop('SIGINT'), { code: 0, signal: null });
    });
  });

  it('are killed by the second signal', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, {
        INGRESS_PROCESSES: '2',
        DRAIN_WAIT_MS: '60000',
      });
      const workers = workerPids(ingress);
      ingress.service.kill('SIGTERM');
      await waitFor(() => ingress.logged('drain.started').length === 3, SLOW);
      assert.deepEqual(await ingress.service.stop('SIGTERM'), { code: null, signal: 'SIGTERM' });
      await waitFor(() => workers.every(pid => !isAlive(pid)), SLOW);
    });
  });

  it('are one on the operations port', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url, { INGRESS_PROCESSES: '2' });
      const agent = new Agent();
      for (let id = 1; id <= 6; id += 1) assert.equal(await sendUpdate(agent, ingress.port, id), 200);
      agent.destroy();
      const metrics = await (await fetch(`${ingress.operations}/metrics`)).text();
      assert.match(metrics, /ackline_ingress_requests_total\{[^}]*result="accepted"[^}]*\} 6\n/);
      assert.match(metrics, /ackline_ingress_processes\{[^}]*\} 2\n/);
      const paths = ['/livez', '/readyz', '/startupz'];
      const statuses = await Promise.all(
        paths.map(async path => (await fetch(ingress.operations + path)).status),
      );
      assert.deepEqual(statuses, [200, 200, 200]);
    });
  });

  it('say one error where they can not start', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url);
      await assert.rejects(
        startIngress(database.url, { INGRESS_PROCESSES: '2', PORT: String(ingress.port) }),
        (error: Error) => {
          assert.match(error.message, /"code":"ACKLINE_PORT_IN_USE"/);
          return true;
        },
      );
    });
  });

  it('are refused where PostgreSQL has not enough connections for them', async () => {
    await withDatabase(async database => {
      await assert.rejects(
        startIngress(database.url, { INGRESS_PROCESSES: '64' }),
        /ACKLINE_TOO_MANY_CONNECTIONS/,
      );
    });
  });

  it('need a parent to be replaced, and one process without it says so', async () => {
    await withDatabase(async database => {
      await using ingress = await startIngress(database.url);
      ingress.service.kill('SIGUSR2');
      await waitFor(() => ingress.logged('replace.needs-parent').length === 1);
      assert.match(String(ingress.logged('replace.needs-parent')[0]?.['fix']), /INGRESS_PROCESSES/);
      assert.equal((await ingress.health())['status'], 'healthy');
    });
  });
});
