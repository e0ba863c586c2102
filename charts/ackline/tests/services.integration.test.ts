import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { all, at, namesOf, only, podOf } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));

describeChart('the Services', () => {
  it('are one for webhooks, one for the console, and one for the operations ports of each component', () => {
    const manifests = renderMinimal();
    assert.deepEqual(namesOf(manifests, 'Service').toSorted(), [
      'ackline-console',
      'ackline-console-ops',
      'ackline-ingress',
      'ackline-ingress-ops',
      'ackline-processor-ops',
    ]);
    const webhooks = only(manifests, 'Service', 'ackline-ingress');
    assert.equal(at(webhooks, 'spec.type'), 'ClusterIP');
    assert.deepEqual(at(webhooks, 'spec.ports'), [
      { name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' },
    ]);
    assert.deepEqual(at(webhooks, 'spec.selector'), podOf(manifests, 'ingress').labels);
  });

  it('show metrics of a pod that is not ready too, without an address of their own', () => {
    for (const component of ['ingress', 'processor', 'console']) {
      const service = only(renderMinimal(), 'Service', `ackline-${component}-ops`);
      assert.equal(at(service, 'spec.clusterIP'), 'None');
      assert.equal(at(service, 'spec.publishNotReadyAddresses'), true);
      assert.equal(at(service, 'spec.ports.0.port'), 9464);
    }
  });

  it('listen outside by a NodePort or a load balancer where that is asked for', () => {
    assert.equal(
      at(only(shape('without-hooks'), 'Service', 'ackline-ingress'), 'spec.ports.0.nodePort'),
      30080,
    );
    const balanced = only(shape('own-objects'), 'Service', 'hooks-ingress');
    assert.equal(at(balanced, 'spec.type'), 'LoadBalancer');
    assert.equal(at(balanced, 'spec.externalTrafficPolicy'), 'Local');
    assert.deepEqual(at(balanced, 'spec.loadBalancerSourceRanges'), ['10.0.0.0/8']);
    assert.equal(balanced.metadata.annotations?.['lb'], 'internal');
    // With an appProtocol, Azure's would ask for / and take every pod out.
    assert.deepEqual(at(balanced, 'spec.ports.0'), { name: 'http', port: 8080, targetPort: 'http' });
  });
});

describeChart('the way in from outside', () => {
  it('is closed by default', () => {
    assert.deepEqual(namesOf(renderMinimal(), 'Ingress'), []);
    assert.deepEqual(namesOf(renderMinimal(), 'HTTPRoute'), []);
  });

  it('is an Ingress with its hosts, paths and certificates', () => {
    const ingress = only(shape('ingress'), 'Ingress', 'ackline-ingress');
    assert.equal(at(ingress, 'spec.ingressClassName'), 'nginx');
    assert.equal(ingress.metadata.annotations?.['cert-manager.io/cluster-issuer'], 'letsencrypt');
    assert.deepEqual(at(ingress, 'spec.tls'), [
      { hosts: ['hooks.example.com', 'hooks.example.org'], secretName: 'hooks-tls' },
    ]);
    assert.deepEqual(at(ingress, 'spec.rules.1'), {
      host: 'hooks.example.org',
      http: {
        paths: [
          {
            path: '/webhook',
            pathType: 'Prefix',
            backend: { service: { name: 'ackline-ingress', port: { name: 'http' } } },
          },
        ],
      },
    });
  });

  it('is a route of the Gateway API', () => {
    const route = only(shape('gateway'), 'HTTPRoute');
    assert.equal(route.apiVersion, 'gateway.networking.k8s.io/v1');
    assert.deepEqual(at(route, 'spec'), {
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: ['hooks.example.com'],
      rules: [
        {
          matches: [
            { path: { type: 'PathPrefix', value: '/webhook' } },
            { path: { type: 'PathPrefix', value: '/health' } },
          ],
          filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['x-debug'] } }],
          timeouts: { request: '10s' },
          backendRefs: [{ name: 'ackline-ingress', port: 80 }],
        },
      ],
    });
    assert.equal(route.metadata.annotations?.['team'], 'hooks');
  });

  it('may rewrite paths, which the chart can not follow', () => {
    const filters = [
      {
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/webhook' } },
      },
    ];
    const httpRoute = { enabled: true, parentRefs: [{ name: 'public' }], paths: ['/hooks'], filters };
    assert.equal(namesOf(renderMinimal({ expose: { httpRoute } }), 'HTTPRoute').length, 1);
    const annotations = { 'nginx.ingress.kubernetes.io/rewrite-target': '/webhook/$1' };
    const ingress = { enabled: true, hosts: ['hooks.example.com'], paths: ['/hooks'], annotations };
    assert.equal(namesOf(renderMinimal({ expose: { ingress } }), 'Ingress').length, 1);
  });

  it('takes a route without a time limit, and one that is longer than each request', () => {
    for (const requestTimeout of ['0s', '8s', '8000ms', '1m']) {
      const httpRoute = { enabled: true, parentRefs: [{ name: 'public' }], requestTimeout };
      const route = only(renderMinimal({ expose: { httpRoute } }), 'HTTPRoute');
      assert.equal(at(route, 'spec.rules.0.timeouts.request'), requestTimeout);
    }
  });

  it('can be both at once, while one moves to the other', () => {
    const manifests = renderMinimal({
      expose: {
        ingress: { enabled: true, hosts: ['hooks.example.com'] },
        httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] },
      },
    });
    assert.equal(all(manifests, 'Ingress').length + all(manifests, 'HTTPRoute').length, 2);
    assert.equal(at(only(manifests, 'Ingress'), 'spec.ingressClassName'), undefined);
    assert.equal(at(only(manifests, 'HTTPRoute'), 'spec.rules.0.timeouts'), undefined);
  });
});
