import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { readYaml } from '@ackline/shared/config/yaml-source';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { all, at, namesOf, only, podsOf } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));
const k8s = join(CHART, '..', '..', 'k8s');
const SERVICES = ['ingress', 'processor', 'console'];

describeChart('monitoring', () => {
  it('is off: its kinds are not in every cluster', () => {
    const manifests = renderMinimal();
    for (const kind of ['PodMonitor', 'ServiceMonitor', 'PrometheusRule']) {
      assert.deepEqual(namesOf(manifests, kind), []);
    }
    assert.deepEqual(namesOf(manifests, 'ConfigMap').toSorted(), ['ackline-config', 'ackline-migrate']);
  });

  it('scrapes all components under the names that the alerts know, by pods or by Services', () => {
    const pods = only(shape('keda-prometheus'), 'PodMonitor');
    const services = only(shape('locked-down'), 'ServiceMonitor');
    assert.equal(pods.metadata.labels?.['release'], 'prometheus');
    assert.equal(at(services, 'spec.endpoints.0.interval'), '30s');
    for (const [endpoint, of] of [
      [at(pods, 'spec.podMetricsEndpoints.0'), 'pod'],
      [at(services, 'spec.endpoints.0'), 'service'],
    ] as const) {
      assert.equal(at(endpoint, 'port'), 'ops');
      assert.deepEqual(at(endpoint, 'relabelings'), [
        {
          sourceLabels: [`__meta_kubernetes_${of}_label_app_kubernetes_io_component`],
          targetLabel: 'job',
          replacement: 'ackline-$1',
        },
      ]);
    }
    assert.deepEqual(at(pods, 'spec.selector.matchExpressions.0.values'), SERVICES);
    const without = renderMinimal({
      console: { enabled: false },
      monitoring: { podMonitor: { enabled: true } },
    });
    assert.deepEqual(at(only(without, 'PodMonitor'), 'spec.selector.matchExpressions.0.values'), [
      'ingress',
      'processor',
    ]);
  });

  it('meets only Services and pods that have the port', () => {
    const manifests = shape('locked-down');
    const withOps = all(manifests, 'Service').filter(service => at(service, 'spec.ports.0.name') === 'ops');
    assert.equal(withOps.length, 3);
    const selected = podsOf(manifests).filter(({ component }) => SERVICES.includes(component ?? ''));
    assert.equal(selected.length, 3);
    for (const { containers } of selected) {
      assert.ok((at(containers[0], 'ports') as { name: string }[]).some(({ name }) => name === 'ops'));
    }
  });

  it('has the alerts of k8s/alerts, with where their runbook is', () => {
    const rule = only(shape('locked-down'), 'PrometheusRule');
    const source = readYaml(readFileSync(join(k8s, 'alerts', 'ackline.rules.yaml'), 'utf8')).value;
    const base = 'https://git.example.com/ackline/blob/main/';
    const expected = JSON.parse(
      JSON.stringify(source).replaceAll('"docs/runbook.md', `"${base}docs/runbook.md`),
    );
    assert.deepEqual(at(rule, 'spec.groups'), at(expected, 'groups'));
    assert.equal(rule.metadata.labels?.['release'], 'prometheus');
  });

  it('has the dashboards of k8s/dashboards, each in a ConfigMap that the sidecar finds', () => {
    const manifests = shape('locked-down');
    const files = readdirSync(join(k8s, 'dashboards'));
    assert.ok(files.length >= 4);
    for (const file of files) {
      const name = file.replace('.json', '');
      const map = only(manifests, 'ConfigMap', `ackline-dashboard-${name}`);
      assert.equal(map.metadata.labels?.['grafana_dashboard'], '1');
      assert.equal(map.metadata.annotations?.['grafana_folder'], 'Ackline');
      assert.deepEqual(
        JSON.parse(String(at(map, `data.ackline-${name}\\.json`))),
        JSON.parse(readFileSync(join(k8s, 'dashboards', file), 'utf8')),
      );
    }
  });
});

describeChart('helm test', () => {
  it('asks the ingress through its Service, and sends nothing', () => {
    const pod = only(renderMinimal(), 'Pod');
    assert.equal(pod.metadata.annotations?.['helm.sh/hook'], 'test');
    assert.equal(at(pod, 'spec.initContainers'), undefined);
    const words = at(pod, 'spec.containers.0.args') as string[];
    assert.equal(words[1], 'http://ackline-ingress:80');
    assert.match(words[0] ?? '', /\/health/);
  });

  it('sends one signed sample where a source is named', () => {
    const pod = only(shape('ingress'), 'Pod');
    assert.deepEqual(at(pod, 'spec.initContainers.0.args'), [
      'send',
      'whatsapp',
      '--url',
      'http://ackline-ingress:80',
    ]);
  });

  it('can be left out', () => {
    assert.deepEqual(all(shape('without-hooks'), 'Pod'), []);
  });
});
