import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { before, describe, it, type TestContext } from 'node:test';
import { findPrometheus, type PrometheusPrograms } from '@ackline/testkit/prometheus-programs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the rules of k8s/alerts', () => {
  let programs: PrometheusPrograms;
  before(() => {
    programs = findPrometheus();
  });

  function promtool(context: TestContext, ...words: string[]): void {
    if (programs.kind === 'unavailable') {
      context.skip(programs.reason);
      return;
    }
    const { status, stdout, stderr } = spawnSync(programs.promtool, words, { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }

  it('are rules of Prometheus', context => {
    promtool(context, 'check', 'rules', ...globSync('k8s/alerts/*.rules.yaml', { cwd: ROOT }));
  });

  it('fire when they should, and not before or otherwise', context => {
    promtool(context, 'test', 'rules', ...globSync('k8s/alerts/tests/*.test.yaml', { cwd: ROOT }));
  });
});
