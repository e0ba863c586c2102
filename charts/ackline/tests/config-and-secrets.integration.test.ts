import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { readYaml } from '@ackline/shared/config/yaml-source';
import {
  CHART,
  describeChart,
  type Manifest,
  MINIMAL,
  readChartFile,
  render,
  renderMinimal,
} from './support/chart.ts';
import { at, envOf, namesOf, only, podOf } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));

function configIn(manifests: readonly Manifest[], name: string): unknown {
  const file = at(only(manifests, 'ConfigMap', name), 'data.ackline\\.yaml');
  const { value, problems } = readYaml(String(file));
  assert.deepEqual(problems, []);
  return value;
}

describeChart('ackline.yaml', () => {
  it('is what the values have, to the letter', () => {
    const values = readYaml(readChartFile('ci/ingress-values.yaml')).value;
    assert.deepEqual(configIn(shape('ingress'), 'ackline-config'), at(values, 'config'));
  });

  it('keeps the end of its last line, in the Job that tries it too: Helm cuts that of a manifest', () => {
    for (const name of ['ackline-config', 'ackline-migrate']) {
      const manifest = only(shape('ingress'), 'ConfigMap', name);
      assert.match(String(at(manifest, 'data.ackline\\.yaml')), /[^\n]\n$/, name);
      assert.notEqual(Object.keys(manifest).at(-1), 'data', name);
    }
  });

  it('keeps numbers, operators and expressions as they are', () => {
    const route = {
      name: 'all',
      destination: 'bot',
      match: { where: { 'body.message.text': { $startsWith: '/' }, 'body.n': { $gte: 12345678 } } },
      transform: { jsonata: '{ "a": body.b ? "{{ x }}" : 1 }' },
    };
    const manifests = renderMinimal({ config: { routes: [route] } });
    assert.deepEqual(at(configIn(manifests, 'ackline-config'), 'routes'), [route]);
  });

  it('is mounted as a folder, in which the kubelet replaces it, and pods are told where', () => {
    for (const component of ['ingress', 'processor']) {
      const { spec, containers } = podOf(renderMinimal(), component);
      assert.deepEqual(at(spec, 'volumes.0'), { name: 'config', configMap: { name: 'ackline-config' } });
      const [mount] = at(containers[0], 'volumeMounts') as unknown[];
      assert.deepEqual(mount, { name: 'config', mountPath: '/etc/ackline/config', readOnly: true });
      assert.equal(envOf(containers[0]!)['ACKLINE_CONFIG'], '/etc/ackline/config/ackline.yaml');
    }
  });

  it('is read in place when it changes: no pod is replaced for it', () => {
    const templates = [{}, { config: { logLevel: 'DEBUG' } }].map(
      overrides => podOf(renderMinimal(overrides), 'ingress').annotations,
    );
    assert.deepEqual(templates[0], templates[1]);
  });

  it('replaces pods when it changes, where that is asked for', () => {
    const sums = ['INFO', 'DEBUG'].map(
      logLevel =>
        podOf(render(MINIMAL, { configReload: 'roll', config: { logLevel } }), 'processor').annotations[
          'checksum/config'
        ],
    );
    assert.match(sums[0] ?? '', /^[0-9a-f]{64}$/);
    assert.notEqual(sums[0], sums[1]);
  });

  it('can be a ConfigMap of the user', () => {
    const manifests = shape('own-objects');
    assert.deepEqual(namesOf(manifests, 'ConfigMap'), []);
    for (const component of ['ingress', 'migrate']) {
      assert.deepEqual(at(podOf(manifests, component).spec, 'volumes.0.configMap'), { name: 'hooks-config' });
    }
  });
});

describeChart('secrets', () => {
  it('are existing ones, mounted as folders that only the group of the pod reads', () => {
    const { spec, containers } = podOf(shape('kafka'), 'processor');
    assert.deepEqual(at(spec, 'volumes.1'), {
      name: 'secret-telegram',
      secret: { secretName: 'telegram-webhook', defaultMode: 0o440, optional: true },
    });
    assert.deepEqual((at(containers[0], 'volumeMounts') as unknown[])[1], {
      name: 'secret-telegram',
      mountPath: '/etc/ackline/secrets/telegram',
      readOnly: true,
    });
    assert.deepEqual(at(podOf(renderMinimal(), 'ingress').spec, 'volumes.1.secret.secretName'), 'telegram');
  });

  it('can be environment', () => {
    const [program] = podOf(shape('kafka'), 'ingress').containers;
    assert.deepEqual(program?.['envFrom'], [{ secretRef: { name: 'signing' } }]);
    assert.deepEqual(envOf(program!)['TWILIO_AUTH_TOKEN'], {
      secretKeyRef: { name: 'twilio', key: 'token' },
    });
  });

  it('may have names that YAML would take for numbers and truths, and so may accounts', () => {
    const manifests = renderMinimal({
      database: { existingSecret: '123', key: '1' },
      redis: { existingSecret: '1e3', key: 'on' },
      serviceAccount: { name: 'true' },
      secrets: [{ name: 'telegram', secret: '0' }],
      ingress: { priorityClassName: '7' },
    });
    const { spec, containers } = podOf(manifests, 'ingress');
    const env = envOf(containers[0]!);
    assert.deepEqual(env['DATABASE_URL'], { secretKeyRef: { name: '123', key: '1' } });
    assert.deepEqual(env['REDIS_URL'], { secretKeyRef: { name: '1e3', key: 'on' } });
    assert.equal(spec['serviceAccountName'], 'true');
    assert.equal(spec['priorityClassName'], '7');
    assert.equal(at(spec, 'volumes.1.secret.secretName'), '0');
    only(manifests, 'ServiceAccount', 'true');
  });

  it('are never made by the chart', () => {
    for (const name of ['kafka', 'locked-down', 'spool'])
      assert.deepEqual(namesOf(shape(name), 'Secret'), []);
  });
});
