import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DRAIN_DEADLINE_MS, MAX_DRAIN_WAIT_MS } from '@ackline/runtime/drain';
import { loadConfig } from '@ackline/shared/config/load-config';
import { providers } from '@ackline/shared/providers/registry';
import { DRAIN_CONNECTIONS } from '../../../packages/cli/src/commands/spool.ts';
import { CHANGES_MAX, READS_MAX } from '../../../services/console/src/app.ts';
import { POOL_MAX } from '../../../services/ingress/src/app.ts';
import { handlerConnections } from '../../../packages/shared/src/config/handler-connections.ts';
import { CONNECTIONS_BESIDE_POOL } from '../../../services/processor/src/connect-store.ts';
import { environmentSchemas } from '../../../scripts/generate-docs/environment-page.ts';
import { variablesOf } from '../../../scripts/generate-docs/environment-table.ts';
import {
  describeChart,
  readChartFile,
  refusalOf,
  renderMinimal,
  MINIMAL,
  supportedShapes,
  render,
} from './support/chart.ts';
import { at, envOf, podOf, podsOf } from './support/manifests.ts';

/** In which a process that was cut at its deadline still ends by itself. */
const ROOM_MS = 5_000;

/** What the chart says that PostgreSQL may be asked for, out of its own refusal of a server with none. */
function connections(overrides: Readonly<Record<string, unknown>>): {
  readonly ingress: number;
  readonly processor: number;
  readonly console: number;
} {
  const database = { maxConnections: 3, reservedConnections: 3 };
  const [sentence = ''] = refusalOf(MINIMAL, { database, ...overrides });
  const [, ...counts] =
    /\((\d+) by ingress pods, (\d+) by processors and (\d+) by consoles/.exec(sentence) ?? [];
  const [ingress = NaN, processor = NaN, ofConsole = NaN] = counts.map(Number);
  return { ingress, processor, console: ofConsole };
}

describeChart('the grace period', () => {
  it('is the wait, the deadline of the program, and some room', () => {
    for (const drainWaitSeconds of [0, 10, 120]) {
      const manifests = renderMinimal({ ingress: { drainWaitSeconds } });
      const ingress = podOf(manifests, 'ingress');
      const waitMs = Number(envOf(ingress.containers[0]!)['DRAIN_WAIT_MS']);
      assert.equal(waitMs, drainWaitSeconds * 1_000);
      assert.equal(
        Number(ingress.spec['terminationGracePeriodSeconds']) * 1_000,
        waitMs + DRAIN_DEADLINE_MS + ROOM_MS,
      );
      for (const component of ['processor', 'console']) {
        const seconds = Number(podOf(manifests, component).spec['terminationGracePeriodSeconds']);
        assert.equal(seconds * 1_000, DRAIN_DEADLINE_MS + ROOM_MS, component);
      }
    }
  });

  it('takes every wait that the program takes, and no longer one', () => {
    const schema = JSON.parse(readChartFile('values.schema.json')) as unknown;
    const bound = at(schema, 'properties.ingress.properties.drainWaitSeconds.maximum');
    assert.equal(Number(bound) * 1_000, MAX_DRAIN_WAIT_MS);
  });
});

describeChart('the sum of connections', () => {
  const processorPod = 13 + CONNECTIONS_BESIDE_POOL;
  const consolePod = READS_MAX + CHANGES_MAX;

  it('is of all old pods and all new ones, while a rollout has both', () => {
    assert.deepEqual(connections({}), {
      ingress: 4 * POOL_MAX,
      processor: 4 * processorPod,
      console: 2 * consolePod,
    });
    assert.deepEqual(connections({ ingress: { replicas: 1 }, processor: { replicas: 1 } }), {
      ingress: 2 * POOL_MAX,
      processor: 2 * processorPod,
      console: 2 * consolePod,
    });
  });

  it('counts of many pods one that starts and those that still drain', () => {
    // An ingress pod drains for 35 s at most, and one ends every 11 s.
    assert.equal(connections({ ingress: { replicas: 20 } }).ingress, (20 + 1 + 4) * POOL_MAX);
    assert.equal(connections({ ingress: { replicas: 20, minReadySeconds: 60 } }).ingress, 22 * POOL_MAX);
    assert.equal(connections({ ingress: { replicas: 20, minReadySeconds: 0 } }).ingress, 40 * POOL_MAX);
    assert.equal(connections({ processor: { replicas: 10 } }).processor, (10 + 1 + 2) * processorPod);
  });

  it('counts the highest number that autoscaling may reach', () => {
    const ingress = { autoscaling: { enabled: true, maxReplicas: 10 } };
    assert.equal(connections({ ingress }).ingress, 15 * POOL_MAX);
    const processor = { databasePool: 50, autoscaling: { mode: 'keda', maxReplicas: 8 } };
    assert.equal(connections({ processor }).processor, (8 + 1 + 2) * (50 + CONNECTIONS_BESIDE_POOL));
  });

  it('counts each console, and none where there is none', () => {
    // One drains for 25 s at most, and one ends every 6 s.
    assert.equal(connections({ console: { replicas: 9 } }).console, (9 + 1 + 5) * consolePod);
    assert.equal(connections({ console: { enabled: false } }).console, 0);
  });

  it('counts one process more than a pod has: a replacement runs beside the one that it replaces', () => {
    const resources = { limits: { memory: '4Gi' } };
    assert.equal(connections({ ingress: { processes: 4, resources } }).ingress, 4 * 5 * POOL_MAX);
  });

  it('counts those of handlers twice, as a processor does: threads that are replaced end beside the new ones', () => {
    const destinations = [
      { name: 'a', type: 'handler', module: '/app/handlers/a.ts', threads: 2, connections: 3 },
      { name: 'b', type: 'handler', module: '/app/handlers/b.ts', connections: 1 },
      { name: 'c', type: 'handler', module: '/app/handlers/c.ts', threads: 2 },
      { name: 'd', type: 'http', url: 'http://bot.example.com' },
    ];
    const counted = loadConfig(
      JSON.stringify({
        sources: [{ name: 's', provider: 'telegram', path: '/s', secrets: [{ env: 'A' }] }],
        destinations,
      }),
      { fileName: 'config', providers, production: true },
    );
    const ofHandlers = handlerConnections(counted.destinations);
    assert.equal(ofHandlers, 14);
    assert.equal(connections({ config: { destinations } }).processor, 4 * (processorPod + ofHandlers));
  });

  it('counts no old pod beside a new one where both have the same volume', () => {
    const spool = { enabled: true, persistence: { enabled: true } };
    assert.equal(connections({ ingress: { replicas: 3, spool } }).ingress, 3 * POOL_MAX);
  });

  it('counts the drains of volumes that the reserved connections are too few for', () => {
    const spool = { enabled: true, removedReplicas: [3, 4, 5], persistence: { enabled: true } };
    assert.equal(
      connections({ ingress: { replicas: 3, spool } }).ingress,
      3 * POOL_MAX + 3 * DRAIN_CONNECTIONS - 3,
    );
  });

  it('fits with the values as they are into a PostgreSQL as it is', () => {
    assert.ok(renderMinimal({ database: { maxConnections: 100, reservedConnections: 10 } }).length > 0);
  });
});

describeChart('memory for the processes of an ingress', () => {
  it('is read in each form that Kubernetes takes', () => {
    for (const memory of ['2Gi', '2.5Gi', '2048Mi', '2200M', '3G', '0.01T', '3e9', 3_000_000_000]) {
      const ingress = { processes: 4, resources: { limits: { memory } } };
      assert.ok(renderMinimal({ database: { maxConnections: 500 }, ingress }).length > 0, String(memory));
    }
  });
});

describeChart('the number of processors', () => {
  it('is no matter of partitions where there is no Kafka', () => {
    const processor = { replicas: 13 };
    assert.ok(renderMinimal({ database: { maxConnections: 1_000 }, processor }).length > 0);
  });
});

describeChart('the environment of the pods', () => {
  it('has only variables that the programs read', () => {
    const known = new Set(
      Object.values(environmentSchemas).flatMap(schema => Object.keys(variablesOf(schema))),
    );
    const own = new Set(['TWILIO_AUTH_TOKEN', 'NODE_EXTRA_CA_CERTS']);
    for (const [shape, path] of supportedShapes()) {
      for (const { owner, containers } of podsOf(render(path))) {
        for (const name of containers.flatMap(container => Object.keys(envOf(container)))) {
          assert.ok(known.has(name) || own.has(name), `${shape}: ${owner}: ${name}`);
        }
      }
    }
  });

  it('has every variable that the values can set in the list of those that users may not set beside them', () => {
    const owners = readChartFile('templates/checks/_env.tpl');
    const names = new Set<string>();
    for (const path of supportedShapes().values()) {
      for (const { containers } of podsOf(render(path))) {
        for (const container of containers) for (const name of Object.keys(envOf(container))) names.add(name);
      }
    }
    names.delete('TWILIO_AUTH_TOKEN');
    names.delete('NODE_EXTRA_CA_CERTS');
    for (const name of names) assert.ok(owners.includes(`\n${name}: `), name);
  });
});
