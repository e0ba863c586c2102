import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { at, envOf, type Pod, podOf, podsOf } from './support/manifests.ts';

const TLS = join(CHART, 'ci', 'kafka-tls-values.yaml');
const BROKERS = { brokers: ['kafka:9093'] };

const named = (list: unknown) =>
  ((list ?? []) as readonly { readonly name: string }[]).filter(({ name }) => name.startsWith('kafka'));
const kafkaOf = ({ containers }: Pod) =>
  Object.fromEntries(
    containers.flatMap(container =>
      Object.entries(envOf(container)).filter(([name]) => name.startsWith('KAFKA')),
    ),
  );
const kafkaEnv = (values: Readonly<Record<string, unknown>>) =>
  kafkaOf(podOf(renderMinimal(values), 'ingress'));

describeChart('the way to Kafka', () => {
  it('is given to those who go there, with files that are read again: ingress, processor and the drains of a spool', () => {
    const pods = podsOf(render(TLS));
    for (const component of ['ingress', 'processor', 'spool-drain']) {
      const pod = pods.find(one => one.component === component) ?? assert.fail(component);
      assert.deepEqual(kafkaOf(pod), {
        KAFKA_BROKERS: 'events-kafka-bootstrap.kafka.svc:9093',
        KAFKA_DURABILITY: 'cluster',
        KAFKA_TLS_CA_FILE: '/etc/ackline/kafka/ca/ca.crt',
        KAFKA_TLS_CERT_FILE: '/etc/ackline/kafka/cert/user.crt',
        KAFKA_TLS_KEY_FILE: '/etc/ackline/kafka/cert/user.key',
        KAFKA_SASL_MECHANISM: 'scram-sha-512',
        KAFKA_SASL_USERNAME: 'ackline',
        KAFKA_SASL_PASSWORD: { secretKeyRef: { name: 'ackline', key: 'password' } },
      });
      assert.deepEqual(named(at(pod.containers[0], 'volumeMounts')), [
        { name: 'kafka-ca', mountPath: '/etc/ackline/kafka/ca', readOnly: true },
        { name: 'kafka-cert', mountPath: '/etc/ackline/kafka/cert', readOnly: true },
      ]);
      assert.deepEqual(named(pod.spec['volumes']), [
        { name: 'kafka-ca', secret: { secretName: 'events-cluster-ca-cert', defaultMode: 288 } },
        { name: 'kafka-cert', secret: { secretName: 'ackline-certificate', defaultMode: 288 } },
      ]);
    }
  });

  it('is known to nobody else: neither the console nor the migration has a password, a key or an address of it', () => {
    for (const pod of podsOf(render(TLS, { tests: { sendTo: 'telegram' } }))) {
      if (['ingress', 'processor', 'spool-drain'].includes(pod.component ?? '')) continue;
      assert.deepEqual(kafkaOf(pod), {}, pod.owner);
      assert.deepEqual(named(pod.spec['volumes']), [], pod.owner);
    }
  });

  it('is TLS where that is said, and else what the program makes of the rest', () => {
    const plain = { KAFKA_BROKERS: 'kafka:9093', KAFKA_DURABILITY: 'cluster' };
    assert.deepEqual(kafkaEnv({ kafka: BROKERS }), plain);
    assert.deepEqual(kafkaEnv({ kafka: { ...BROKERS, tls: { enabled: true } } }), {
      ...plain,
      KAFKA_TLS: 'true',
    });
    const sasl = { mechanism: 'plain', username: 'ackline', passwordSecret: { name: 'k', key: 'p' } };
    const login = kafkaEnv({ kafka: { ...BROKERS, tls: { enabled: false }, sasl } });
    assert.deepEqual(
      [login['KAFKA_TLS'], login['KAFKA_SASL_PASSWORD']],
      ['false', { secretKeyRef: { name: 'k', key: 'p' } }],
    );
  });

  it('is nothing without brokers', () => {
    const pod = podOf(
      renderMinimal({ kafka: { tls: { enabled: true, caSecret: { name: 'ca' } } } }),
      'ingress',
    );
    assert.deepEqual(kafkaOf(pod), {});
    assert.deepEqual(named(pod.spec['volumes']), []);
  });
});
