import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as doctor from '../../packages/cli/src/doctor/connection-figures.ts';
import { POOL_MAX } from '../../services/ingress/src/app.ts';
import { CHANGES_MAX, READS_MAX } from '../../services/console/src/app.ts';
import { environmentSchema as ingressSchema } from '../../services/ingress/src/config.ts';
import { environmentSchema as processorSchema } from '../../services/processor/src/config.ts';
import { CONNECTIONS_BESIDE_POOL } from '../../services/processor/src/connect-store.ts';

test('the doctor counts connections as the services take them', () => {
  assert.equal(doctor.INGRESS_POOL_MAX, POOL_MAX);
  assert.equal(doctor.CONSOLE_CONNECTIONS, READS_MAX + CHANGES_MAX);
  assert.equal(doctor.CONNECTIONS_BESIDE_POOL, CONNECTIONS_BESIDE_POOL);
  assert.equal(doctor.DEFAULT_PROCESSOR_POOL_MAX, processorSchema.shape.DATABASE_POOL_MAX.parse(undefined));
  assert.equal(doctor.DEFAULT_MAX_CONNECTIONS, ingressSchema.shape.WEBHOOK_MAX_CONNECTIONS.parse(undefined));
});
