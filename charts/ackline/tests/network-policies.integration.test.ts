import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, type Manifest, render, renderMinimal } from './support/chart.ts';
import { all, at, namesOf, only, podsOf } from './support/manifests.ts';

const lockedDown = () => render(join(CHART, 'ci', 'locked-down-values.yaml'));
const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});

/** "5432 10.1.0.0/24": the ports of each rule, and its peers where it has some. */
function rulesOf(policy: Manifest, direction: 'ingress' | 'egress'): readonly string[] {
  return (at(policy, `spec.${direction}`) as unknown[]).map(rule => {
    const ports = ((at(rule, 'ports') ?? []) as { port: number | string; protocol: string }[])
      .map(({ port, protocol }) => `${port}${protocol === 'UDP' ? '/udp' : ''}`)
      .join(' ');
    const peers = at(rule, direction === 'ingress' ? 'from' : 'to');
    return peers === undefined ? ports : `${ports} ${JSON.stringify(peers)}`.trim();
  });
}

/** A policy sees the port of a pod: 5353 on OpenShift. */
const DNS = '53/udp 53 5353/udp 5353';

describeChart('the NetworkPolicies', () => {
  it('are there only where they are asked for: not every cluster enforces them', () => {
    assert.deepEqual(namesOf(renderMinimal(), 'NetworkPolicy'), []);
  });

  it('let the ingress be called, be watched, and reach its logs, Redis and the collector', () => {
    const policy = only(lockedDown(), 'NetworkPolicy', 'ackline-ingress');
    const pods = (component: string) => ({
      podSelector: {
        matchLabels: {
          'app.kubernetes.io/name': 'ackline',
          'app.kubernetes.io/instance': 'ackline',
          'app.kubernetes.io/component': component,
        },
      },
    });
    assert.deepEqual(rulesOf(policy, 'ingress'), [
      `http ${JSON.stringify([namespace('gateways'), pods('test'), pods('console')])}`,
      `ops ${JSON.stringify([namespace('monitoring')])}`,
    ]);
    assert.deepEqual(rulesOf(policy, 'egress'), [
      DNS,
      '5433 [{"ipBlock":{"cidr":"10.1.0.0/24"}}]',
      `9094 9092 9093 ${JSON.stringify([namespace('kafka')])}`,
      '443 [{"ipBlock":{"cidr":"10.2.0.0/24"}}]',
      '6380 [{"podSelector":{"matchLabels":{"app":"redis"}}}]',
    ]);
  });

  it('let nobody call the processor but who watches it, and let it reach destinations, but no Redis', () => {
    const policy = only(lockedDown(), 'NetworkPolicy', 'ackline-processor');
    assert.deepEqual(rulesOf(policy, 'ingress'), [`ops ${JSON.stringify([namespace('monitoring')])}`]);
    const rules = rulesOf(policy, 'egress');
    assert.equal(rules.at(-1), '[{"ipBlock":{"cidr":"10.3.0.0/24"}}]');
    assert.ok(!rules.some(rule => rule.startsWith('6380')));
  });

  it('let processors with handlers reach Redis', () => {
    const policy = only(
      render(join(CHART, 'ci', 'handlers-values.yaml')),
      'NetworkPolicy',
      'ackline-processor',
    );
    assert.ok(rulesOf(policy, 'egress').includes('6379'));
  });

  it('keep processors from the metadata of a cloud where destinations are anywhere', () => {
    const manifests = renderMinimal({ networkPolicy: { enabled: true } });
    const processor = only(manifests, 'NetworkPolicy', 'ackline-processor');
    assert.deepEqual(at(processor, 'spec.ingress'), []);
    assert.deepEqual(at(processor, 'spec.egress.2.to.0.ipBlock'), {
      cidr: '0.0.0.0/0',
      except: ['169.254.0.0/16'],
    });
    assert.deepEqual(rulesOf(only(manifests, 'NetworkPolicy', 'ackline-ingress'), 'ingress'), ['http']);
  });

  it('let the ingress fetch certificates from the internet with a source that needs them, and from elsewhere where it is said', () => {
    const ofIngress = (values: object) =>
      rulesOf(
        only(
          renderMinimal({ networkPolicy: { enabled: true }, ...values }),
          'NetworkPolicy',
          'ackline-ingress',
        ),
        'egress',
      );
    const source = {
      name: 'paypal',
      provider: 'paypal',
      path: '/webhook/paypal',
      secrets: [{ file: '/etc/ackline/secrets/telegram/paypal' }],
    };
    assert.ok(!ofIngress({}).some(rule => rule.startsWith('443 80')));
    const rule = ofIngress({ config: { sources: [source] } }).at(-1) ?? '';
    assert.match(rule, /^443 80 \[\{"ipBlock":\{"cidr":"0\.0\.0\.0\/0","except":\["10\.0\.0\.0\/8",/);
    const certificatesTo = [{ ipBlock: { cidr: '10.5.0.1/32' } }];
    for (const config of [undefined, { sources: [source] }])
      assert.equal(
        ofIngress({ networkPolicy: { enabled: true, certificatesTo }, ...(config && { config }) }).at(-1),
        `443 80 ${JSON.stringify(certificatesTo)}`,
      );
  });

  it('let the migration reach PostgreSQL and nothing else, and are there before it', () => {
    const policy = only(lockedDown(), 'NetworkPolicy', 'ackline-migrate');
    assert.deepEqual(rulesOf(policy, 'egress'), [DNS, '5433 [{"ipBlock":{"cidr":"10.1.0.0/24"}}]']);
    assert.equal(policy.metadata.annotations?.['helm.sh/hook-weight'], '-10');
  });

  it('leave what users add open for all pods: what their sidecars need', () => {
    const extraEgress = [
      { ports: [{ port: 443, protocol: 'TCP' }], to: [{ ipBlock: { cidr: '10.4.0.0/24' } }] },
    ];
    const policies = all(
      render(join(CHART, 'ci', 'spool-values.yaml'), { networkPolicy: { extraEgress } }),
      'NetworkPolicy',
    );
    assert.equal(policies.length, 5);
    for (const policy of policies) {
      assert.equal(rulesOf(policy, 'egress').at(-1), '443 [{"ipBlock":{"cidr":"10.4.0.0/24"}}]');
    }
  });

  it('are for every pod that stays or comes again', () => {
    for (const shape of ['locked-down', 'spool']) {
      const manifests = render(join(CHART, 'ci', `${shape}-values.yaml`));
      const selected = all(manifests, 'NetworkPolicy').map(policy =>
        at(policy, 'spec.podSelector.matchLabels.app\\.kubernetes\\.io/component'),
      );
      const components = new Set(podsOf(manifests).map(({ component }) => component));
      components.delete('test'); // asks once, by hand
      assert.deepEqual(new Set(selected), components);
    }
  });
});
