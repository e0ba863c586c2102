import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, type Manifest, MINIMAL, render, renderMinimal } from './support/chart.ts';
import { at, envOf, only, podOf, podsOf } from './support/manifests.ts';

const shape = (name: string): readonly Manifest[] => render(join(CHART, 'ci', `${name}-values.yaml`));

describeChart('the Deployments', () => {
  it('start the programs of the one image, and give Node nothing to do but that', () => {
    const manifests = renderMinimal();
    for (const component of ['ingress', 'processor', 'console']) {
      const [program] = podOf(manifests, component).containers;
      assert.deepEqual(program?.args, [component]);
      assert.equal(program?.['command'], undefined);
      assert.equal(program?.image, 'ackline.test/ackline:0.1.0');
    }
  });

  it('take the image by digest, by tag, and with Secrets to pull it', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const [program] = podOf(renderMinimal({ image: { digest } }), 'ingress').containers;
    assert.equal(program?.image, `ackline.test/ackline@${digest}`);
    const kafka = shape('kafka');
    assert.deepEqual(podOf(kafka, 'processor').spec['imagePullSecrets'], [{ name: 'registry' }]);
    assert.equal(podOf(kafka, 'processor').containers[0]?.['imagePullPolicy'], 'Always');
  });

  it('replace pods so that a new one is ready before an old one ends', () => {
    const manifests = renderMinimal();
    for (const name of ['ackline-ingress', 'ackline-processor']) {
      const deployment = only(manifests, 'Deployment', name);
      assert.deepEqual(at(deployment, 'spec.strategy.rollingUpdate'), { maxSurge: 1, maxUnavailable: 0 });
      assert.equal(at(deployment, 'spec.replicas'), 2);
      assert.deepEqual(
        at(deployment, 'spec.selector.matchLabels'),
        podOf(manifests, name.slice('ackline-'.length)).labels,
      );
    }
  });

  it('ask three different questions, none of liveness about Kafka or PostgreSQL', () => {
    for (const component of ['ingress', 'processor', 'console']) {
      const [program] = podOf(renderMinimal(), component).containers;
      const paths = ['startup', 'liveness', 'readiness'].map(probe => at(program, `${probe}Probe.httpGet`));
      assert.deepEqual(paths, [
        { path: '/startupz', port: 'ops' },
        { path: '/livez', port: 'ops' },
        { path: '/readyz', port: 'ops' },
      ]);
    }
  });

  it('need no preStop: the ingress waits itself, for as long as it is told', () => {
    const pod = podOf(renderMinimal({ ingress: { drainWaitSeconds: 30 } }), 'ingress');
    assert.equal(pod.containers[0]?.['lifecycle'], undefined);
    assert.equal(envOf(pod.containers[0]!)['DRAIN_WAIT_MS'], '30000');
  });

  it('give the programs what the values say, and nothing that they do not', () => {
    const minimal = envOf(podOf(renderMinimal(), 'ingress').containers[0]!);
    assert.deepEqual(Object.keys(minimal).sort(), [
      'ACKLINE_CONFIG',
      'ACKLINE_ENV',
      'DATABASE_URL',
      'DRAIN_WAIT_MS',
      'LOG_LEVEL',
      'OPS_PORT',
      'PORT',
    ]);
    const kafka = envOf(podOf(shape('kafka'), 'ingress').containers[0]!);
    const secret = (name: string, key: string) => ({ secretKeyRef: { name, key } });
    assert.deepEqual(kafka, {
      ACKLINE_ENV: 'production',
      ACKLINE_CONFIG: '/etc/ackline/config/ackline.yaml',
      LOG_LEVEL: 'WARNING',
      // Named, so that no variable of envFrom moves them from where Services look.
      PORT: '8080',
      OPS_PORT: '9464',
      DATABASE_URL: secret('ackline-database', 'url'),
      KAFKA_BROKERS: 'kafka-0.kafka:9092,kafka-1.kafka:9092,kafka-2.kafka:9092',
      KAFKA_DURABILITY: 'cluster',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_EXPORTER_OTLP_HEADERS: secret('collector', 'headers'),
      DRAIN_WAIT_MS: '15000',
      WEBHOOK_MAX_CONNECTIONS: '8192',
      WEBHOOK_MAX_REQUESTS_PER_MINUTE: '600',
      CIRCUIT_BREAKER_THRESHOLD: '5',
      CIRCUIT_BREAKER_TIMEOUT: '30',
      REDIS_URL: secret('ackline-redis', 'REDIS_URL'),
      TWILIO_AUTH_TOKEN: secret('twilio', 'token'),
    });
  });

  it('give processors lanes and a pool, and without handlers neither Redis nor a wait', () => {
    const env = envOf(podOf(shape('processor-hpa'), 'processor').containers[0]!);
    assert.equal(env['WEBHOOK_WORKERS'], '8');
    assert.equal(env['DATABASE_POOL_MAX'], '20');
    const kafka = envOf(podOf(shape('kafka'), 'processor').containers[0]!);
    for (const name of ['REDIS_URL', 'DRAIN_WAIT_MS', 'SPOOL_DIR']) assert.equal(kafka[name], undefined);
  });

  it('give processors with handlers their modules, read-only, and Redis; the check of the file sees the modules too', () => {
    const manifests = shape('handlers');
    const { spec, containers } = podOf(manifests, 'processor');
    const mount = { name: 'handlers', mountPath: '/app/handlers', readOnly: true };
    assert.deepEqual(
      (containers[0]!['volumeMounts'] as { name: string }[]).filter(({ name }) => name === 'handlers'),
      [mount],
    );
    const volumesOf = (pod: { spec: Readonly<Record<string, unknown>> }) =>
      (pod.spec['volumes'] as { name: string }[]).filter(({ name }) => name === 'handlers');
    assert.deepEqual(volumesOf({ spec }), [
      { name: 'handlers', persistentVolumeClaim: { claimName: 'bots', readOnly: true } },
    ]);
    assert.ok(envOf(containers[0]!)['REDIS_URL'] !== undefined);
    const check = podsOf(manifests).find(({ component }) => component === 'migrate');
    assert.equal(volumesOf(check!).length, 1);
    const mounts = at(check!.spec, 'initContainers.0.volumeMounts') as { name: string }[];
    assert.deepEqual(
      mounts.filter(({ name }) => name === 'handlers'),
      [mount],
    );
    assert.deepEqual(volumesOf(podOf(manifests, 'ingress')), []);
    const small = podOf(
      renderMinimal({ processor: { handlers: { configMap: 'bots', mountPath: '/app/bots' } } }),
      'processor',
    );
    assert.deepEqual(volumesOf(small), [{ name: 'handlers', configMap: { name: 'bots' } }]);
    assert.deepEqual(volumesOf(podOf(renderMinimal(), 'processor')), []);
  });

  it('start several processes in a pod where that is asked for', () => {
    const env = envOf(podOf(shape('processes'), 'ingress').containers[0]!);
    assert.equal(env['INGRESS_PROCESSES'], '4');
  });

  it('spread pods over zones and nodes, those of one rollout among themselves, unless told otherwise', () => {
    const spread = podOf(renderMinimal(), 'ingress').spec['topologySpreadConstraints'];
    assert.deepEqual(
      ['0', '1'].map(index => at(spread, `${index}.topologyKey`)),
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
    );
    assert.deepEqual(at(spread, '0.matchLabelKeys'), ['pod-template-hash']);
    assert.equal(at(spread, '0.whenUnsatisfiable'), 'ScheduleAnyway');
    const own = shape('own-objects');
    assert.deepEqual(podOf(own, 'ingress').spec['topologySpreadConstraints'], []);
    assert.equal(at(podOf(own, 'processor').spec, 'topologySpreadConstraints.0.topologyKey'), 'rack');
  });

  it('take what users add to pods: labels, annotations, places, environment, volumes', () => {
    const { spec, labels, annotations, containers } = podOf(shape('own-objects'), 'ingress');
    assert.deepEqual([labels['tier'], labels['team']], ['edge', 'hooks']);
    assert.equal(annotations['sidecar'], 'no');
    assert.deepEqual(spec['nodeSelector'], { pool: 'edge' });
    assert.deepEqual(spec['tolerations'], [{ key: 'edge', operator: 'Exists' }]);
    assert.ok(at(spec, 'affinity.podAntiAffinity') !== undefined);
    assert.equal(spec['priorityClassName'], 'high');
    assert.equal(envOf(containers[0]!)['NODE_EXTRA_CA_CERTS'], '/etc/ca/ca.pem');
    assert.ok((spec['volumes'] as { name: string }[]).some(({ name }) => name === 'ca'));
    assert.ok((at(containers[0], 'volumeMounts') as { name: string }[]).some(({ name }) => name === 'ca'));
  });

  it('take containers before and beside the program, and annotations of their own', () => {
    const own = shape('own-objects');
    for (const component of ['processor', 'migrate']) {
      assert.equal(at(podOf(own, component).spec, 'initContainers.0.name'), 'proxy');
    }
    for (const name of ['hooks-ingress', 'hooks-processor']) {
      assert.equal(only(own, 'Deployment', name).metadata.annotations?.['reloader'], 'yes');
    }
    assert.equal(podOf(renderMinimal(), 'processor').spec['initContainers'], undefined);
  });

  it('have a label once that is common and of the component too: that of the component', () => {
    const manifests = renderMinimal({
      commonLabels: { tier: 'all', team: 'hooks' },
      ingress: { podLabels: { tier: 'edge' } },
      migrations: { podLabels: { tier: 'data' } },
      monitoring: { podMonitor: { enabled: true, labels: { team: 'watchers' } } },
    });
    const tiers = ['ingress', 'processor', 'migrate'].map(name => podOf(manifests, name).labels['tier']);
    assert.deepEqual(tiers, ['edge', 'all', 'data']);
    assert.equal(only(manifests, 'PodMonitor').metadata.labels?.['team'], 'watchers');
  });

  it('are named by the release, or as they are told', () => {
    const names = (values: Readonly<Record<string, unknown>>) =>
      render(MINIMAL, values)
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ metadata }) => metadata.name);
    assert.deepEqual(names({ nameOverride: 'gateway' }), [
      'ackline-gateway-console',
      'ackline-gateway-ingress',
      'ackline-gateway-processor',
    ]);
    assert.deepEqual(names({ fullnameOverride: 'x'.repeat(63) }), [
      `${'x'.repeat(40)}-console`,
      `${'x'.repeat(40)}-ingress`,
      `${'x'.repeat(40)}-processor`,
    ]);
  });

  it('do not replace a pod for a new version of the chart alone', () => {
    const { labels } = podOf(renderMinimal(), 'processor');
    assert.deepEqual(Object.keys(labels).sort(), [
      'app.kubernetes.io/component',
      'app.kubernetes.io/instance',
      'app.kubernetes.io/name',
    ]);
  });
});
