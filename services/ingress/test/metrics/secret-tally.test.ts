import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createMetrics } from '@ackline/runtime/metrics';
import { createIngressMetrics } from '../../src/metrics/ingress-metrics.ts';
import { createSecretTally } from '../../src/metrics/secret-tally.ts';

const AT = 1_795_372_800_000;

/** What is shown of the source `telegram`, whose secrets a test puts in any order. */
function shownUses(first: readonly string[]) {
  const live = { secrets: first };
  const registry = createMetrics({ service: 'ingress', processMetrics: false });
  const metrics = createIngressMetrics(registry, {
    configured: () => [{ limit: null, name: 'telegram', secrets: live.secrets.map(env => ({ env })) }],
    secretsOf: () => live.secrets,
  });
  const shown = async () => {
    const text = await registry.metrics();
    const lines = [...text.matchAll(/^ackline_ingress_secret_last_used\w+\{(.*)\} (\S+)$/gm)];
    return Object.fromEntries(
      lines.map(([, labels = '', value]) => [/secret="(.*?)"/.exec(labels)?.[1], Number(value)]),
    );
  };
  return { live, metrics, registry, shown };
}

describe('when a secret was last used', () => {
  it('goes with it to another place, and the new one in its place was never used', async () => {
    const { live, metrics, shown } = shownUses(['old']);
    metrics.proven('telegram', 'old', AT);
    live.secrets = ['new', 'old'];
    assert.deepEqual(await shown(), { 0: 0, 1: AT / 1_000 });
    metrics.proven('telegram', 'new', AT + 5_000);
    assert.deepEqual(await shown(), { 0: AT / 1_000 + 5, 1: AT / 1_000 });
    live.secrets = ['new'];
    assert.deepEqual(await shown(), { 0: AT / 1_000 + 5 });
    live.secrets = ['old', 'new'];
    assert.deepEqual(await shown(), { 0: AT / 1_000, 1: AT / 1_000 + 5 }, 'it is known when it comes back');
  });

  it('is of one source alone, also where another has the same secret', () => {
    const uses = createSecretTally();
    uses.note('telegram', 'same', AT);
    assert.deepEqual([uses.lastUse('telegram', 'same'), uses.lastUse('crm', 'same')], [AT, 0]);
  });

  it('is forgotten of the one that was not used for longest, where a secret was replaced very often', () => {
    const uses = createSecretTally();
    for (let n = 0; n < 100; n++) {
      uses.note('telegram', `secret-${n}`, AT + n);
      uses.note('telegram', 'in-use', AT + n);
    }
    assert.equal(uses.lastUse('telegram', 'in-use'), AT + 99);
    assert.equal(uses.lastUse('telegram', 'secret-99'), AT + 99);
    assert.equal(uses.lastUse('telegram', 'secret-0'), 0);
  });

  it('tells nothing of the secret, nor a hash of it', async () => {
    const { metrics, registry } = shownUses(['canary-token']);
    metrics.proven('telegram', 'canary-token', AT);
    const text = await registry.metrics();
    assert.match(text, new RegExp(`secret="0".* ${AT / 1_000}$`, 'm'));
    assert.doesNotMatch(text, /canary/);
    for (const form of ['hex', 'base64', 'base64url', 'binary'] as const) {
      assert.ok(!text.includes(hash('sha256', 'canary-token', form)));
    }
  });
});
