import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { loadConfig } from '../../../services/console/src/config.ts';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { at, envOf, namesOf, only, podOf } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));
const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});

describeChart('the console', () => {
  it('is one pod, replaced so that a new one is ready before the old one ends', () => {
    const deployment = only(renderMinimal(), 'Deployment', 'ackline-console');
    assert.equal(at(deployment, 'spec.replicas'), 1);
    assert.deepEqual(at(deployment, 'spec.strategy.rollingUpdate'), { maxSurge: 1, maxUnavailable: 0 });
    assert.deepEqual(at(deployment, 'spec.selector.matchLabels'), podOf(renderMinimal(), 'console').labels);
  });

  it('listens to its Service where it asks every caller for a token', () => {
    const [program] = podOf(renderMinimal(), 'console').containers;
    const texts = Object.entries(envOf(program!)).filter(([, value]) => typeof value === 'string');
    const config = loadConfig({ ...Object.fromEntries(texts), DATABASE_URL: 'postgres://db/ackline' });
    // On loopback in development alone it asks for none.
    assert.equal(config.isProduction, true);
    assert.deepEqual(config.http, { host: '0.0.0.0', port: 8081 });
    assert.equal(config.ingressUrl, 'http://ackline-ingress');
    assert.deepEqual(at(program, 'ports'), [
      { name: 'http', containerPort: config.http.port },
      { name: 'ops', containerPort: config.operations.port },
    ]);
    const service = only(renderMinimal(), 'Service', 'ackline-console');
    assert.equal(at(service, 'spec.type'), 'ClusterIP');
    assert.deepEqual(at(service, 'spec.ports'), [
      { name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' },
    ]);
    assert.deepEqual(at(service, 'spec.selector'), podOf(renderMinimal(), 'console').labels);
  });

  it('has ackline.yaml and all secrets, whose age it shows, and nothing of Redis or traces', () => {
    const [program] = podOf(shape('kafka'), 'console').containers;
    const mounts = (at(program, 'volumeMounts') as { mountPath: string }[]).map(({ mountPath }) => mountPath);
    const [ofIngress] = podOf(shape('kafka'), 'ingress').containers;
    assert.deepEqual(
      mounts,
      (at(ofIngress, 'volumeMounts') as { mountPath: string }[]).map(({ mountPath }) => mountPath),
    );
    const names = Object.keys(envOf(program!));
    assert.ok(names.includes('TWILIO_AUTH_TOKEN'));
    for (const name of names) assert.doesNotMatch(name, /^(REDIS|OTEL)_/);
  });

  it('takes an address of IPv6, environment of its own, and containers beside it', () => {
    const proxy = { name: 'proxy', image: 'proxy', restartPolicy: 'Always' };
    const env = [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }];
    const { spec, containers } = podOf(
      renderMinimal({ console: { host: '::', env, initContainers: [proxy] } }),
      'console',
    );
    const program = containers.find(({ name }) => name === 'console');
    assert.equal(envOf(program!)['CONSOLE_HOST'], '::');
    assert.equal(envOf(program!)['NODE_EXTRA_CA_CERTS'], '/etc/ca/ca.pem');
    assert.deepEqual(spec['initContainers'], [proxy]);
  });

  it('can not be reached from outside unless that is asked for, and then by its own host alone', () => {
    assert.deepEqual(namesOf(renderMinimal(), 'Ingress'), []);
    const ingress = only(shape('ingress'), 'Ingress', 'ackline-console');
    assert.equal(at(ingress, 'spec.ingressClassName'), 'nginx');
    assert.deepEqual(at(ingress, 'spec.tls'), [
      { hosts: ['ackline.example.com'], secretName: 'ackline-tls' },
    ]);
    assert.deepEqual(at(ingress, 'spec.rules'), [
      {
        host: 'ackline.example.com',
        http: {
          paths: [
            {
              path: '/',
              pathType: 'Prefix',
              backend: { service: { name: 'ackline-console', port: { name: 'http' } } },
            },
          ],
        },
      },
    ]);
  });

  it('is told where people open it: the host of its Ingress, or what is said', () => {
    const urlOf = (manifests: ReturnType<typeof render>) =>
      envOf(podOf(manifests, 'console').containers[0]!)['CONSOLE_PUBLIC_URL'];
    assert.equal(urlOf(renderMinimal()), undefined);
    assert.equal(urlOf(shape('ingress')), 'https://ackline.example.com');
    const publicUrl = 'https://console.example.com';
    assert.equal(urlOf(renderMinimal({ console: { publicUrl } })), publicUrl);
  });

  it('takes an OpenID provider by its own environment, with the secret of a Secret', () => {
    const reference = { secretKeyRef: { name: 'oidc', key: 'secret' } };
    const env = [
      { name: 'CONSOLE_OIDC_ISSUER', value: 'https://login.example.com' },
      { name: 'CONSOLE_OIDC_CLIENT_ID', value: 'ackline' },
      { name: 'CONSOLE_OIDC_ROLES', value: '{"sre":{"scopes":["view"]}}' },
      { name: 'CONSOLE_OIDC_CLIENT_SECRET', valueFrom: reference },
    ];
    const console = { publicUrl: 'https://console.example.com', env };
    const given = envOf(podOf(renderMinimal({ console }), 'console').containers[0]!);
    assert.deepEqual(given['CONSOLE_OIDC_CLIENT_SECRET'], reference);
    const texts = Object.entries(given).filter(([, value]) => typeof value === 'string');
    const { oidc } = loadConfig({
      ...Object.fromEntries(texts),
      DATABASE_URL: 'postgres://db/ackline',
      CONSOLE_OIDC_CLIENT_SECRET: 'of the Secret',
    });
    assert.equal(oidc?.publicUrl.href, 'https://console.example.com/');
  });

  it('may have its TLS in front of the Ingress where that is said', () => {
    const ingress = { enabled: true, hosts: ['ackline.example.com'], tlsInFront: true };
    assert.equal(at(only(renderMinimal({ console: { ingress } }), 'Ingress'), 'spec.tls'), undefined);
  });

  it('can be left out, with all that belongs to it', () => {
    const manifests = renderMinimal({ console: { enabled: false }, networkPolicy: { enabled: true } });
    const names = manifests.map(({ metadata }) => metadata.name);
    assert.deepEqual(
      names.filter(name => name.includes('console')),
      [],
    );
  });
});

describeChart('the NetworkPolicy of the console', () => {
  it('lets operators open it, Prometheus watch it, and it reach PostgreSQL and the ingress alone', () => {
    const policy = only(shape('locked-down'), 'NetworkPolicy', 'ackline-console');
    assert.deepEqual(at(policy, 'spec.ingress'), [
      { ports: [{ port: 'http', protocol: 'TCP' }], from: [namespace('operators')] },
      { ports: [{ port: 'ops', protocol: 'TCP' }], from: [namespace('monitoring')] },
    ]);
    const [dns, postgres, ingress, ...more] = at(policy, 'spec.egress') as unknown[];
    assert.equal(at(dns, 'ports.0.port'), 53);
    assert.deepEqual(postgres, {
      ports: [{ port: 5433, protocol: 'TCP' }],
      to: [{ ipBlock: { cidr: '10.1.0.0/24' } }],
    });
    assert.deepEqual(ingress, {
      ports: [{ port: 'http', protocol: 'TCP' }],
      to: [{ podSelector: { matchLabels: podOf(shape('locked-down'), 'ingress').labels } }],
    });
    assert.deepEqual(more, []);
  });

  it('lets nobody in where nobody is named: who forwards a port comes from the node', () => {
    const manifests = renderMinimal({ networkPolicy: { enabled: true } });
    assert.deepEqual(at(only(manifests, 'NetworkPolicy', 'ackline-console'), 'spec.ingress'), []);
  });
});
