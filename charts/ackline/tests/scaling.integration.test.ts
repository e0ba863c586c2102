import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { metricTable } from '@ackline/runtime/metric-table';
import { CHART, describeChart, render, renderMinimal } from './support/chart.ts';
import { at, namesOf, only } from './support/manifests.ts';

const shape = (name: string) => render(join(CHART, 'ci', `${name}-values.yaml`));

describeChart('a HorizontalPodAutoscaler', () => {
  it('is there only where it is asked for', () => {
    const manifests = renderMinimal();
    assert.deepEqual(namesOf(manifests, 'HorizontalPodAutoscaler'), []);
    assert.deepEqual(namesOf(manifests, 'ScaledObject'), []);
  });

  it('of the ingress scales on CPU and on what users add, up at once and down slowly', () => {
    const manifests = shape('autoscaled');
    const hpa = only(manifests, 'HorizontalPodAutoscaler', 'ackline-ingress');
    assert.deepEqual(at(hpa, 'spec.scaleTargetRef'), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'ackline-ingress',
    });
    assert.deepEqual([at(hpa, 'spec.minReplicas'), at(hpa, 'spec.maxReplicas')], [1, 10]);
    // Of the program's container alone: a sidecar that idles would count with the same weight.
    assert.deepEqual(at(hpa, 'spec.metrics.0'), {
      type: 'ContainerResource',
      containerResource: {
        name: 'cpu',
        container: 'ingress',
        target: { type: 'Utilization', averageUtilization: 60 },
      },
    });
    assert.equal(at(hpa, 'spec.metrics.1.pods.metric.name'), 'ackline_ingress_requests_per_second');
    assert.equal(at(hpa, 'spec.behavior.scaleUp.stabilizationWindowSeconds'), 0);
    assert.equal(at(hpa, 'spec.behavior.scaleDown.stabilizationWindowSeconds'), 300);
  });

  it('is the only one that says how many pods there are', () => {
    const manifests = shape('autoscaled');
    for (const name of ['ackline-ingress', 'ackline-processor']) {
      assert.equal(at(only(manifests, 'Deployment', name), 'spec.replicas'), undefined);
    }
    assert.equal(at(only(shape('spool'), 'StatefulSet'), 'spec.replicas'), undefined);
  });

  it('scales the StatefulSet where the ingress has volumes', () => {
    const hpa = only(shape('spool'), 'HorizontalPodAutoscaler');
    assert.equal(at(hpa, 'spec.scaleTargetRef.kind'), 'StatefulSet');
  });

  it('of the processor scales on CPU, for clusters without KEDA', () => {
    const manifests = shape('processor-hpa');
    const hpa = only(manifests, 'HorizontalPodAutoscaler', 'ackline-processor');
    assert.equal(at(hpa, 'spec.metrics.0.containerResource.target.averageUtilization'), 80);
    assert.equal(at(hpa, 'spec.metrics.0.containerResource.container'), 'processor');
    assert.equal(at(hpa, 'spec.behavior.scaleDown.stabilizationWindowSeconds'), 600);
    assert.equal(at(only(manifests, 'Deployment', 'ackline-processor'), 'spec.replicas'), undefined);
  });
});

describeChart("KEDA's ScaledObject", () => {
  it('asks the processors for seconds of lag, and takes the greatest', () => {
    const scaled = only(shape('autoscaled'), 'ScaledObject');
    assert.deepEqual(at(scaled, 'spec.scaleTargetRef'), { name: 'ackline-processor' });
    assert.deepEqual([at(scaled, 'spec.minReplicaCount'), at(scaled, 'spec.maxReplicaCount')], [1, 8]);
    assert.equal(at(scaled, 'spec.pollingInterval'), 5);
    assert.deepEqual(at(scaled, 'spec.triggers.0'), {
      type: 'metrics-api',
      metricType: 'Value',
      metadata: {
        url: 'http://ackline-processor-ops.hooks.svc:9464/metrics',
        format: 'prometheus',
        valueLocation: 'ackline_processor_scaling_lag_seconds',
        aggregateFromKubeServiceEndpoints: 'true',
        aggregationType: 'max',
        targetValue: '20',
      },
    });
  });

  it('asks for one metric, of both logs, that there is', () => {
    const triggers = at(only(shape('autoscaled'), 'ScaledObject'), 'spec.triggers') as unknown[];
    assert.deepEqual(
      triggers.map(trigger => at(trigger, 'metadata.valueLocation')),
      [metricTable.scalingLag.name],
    );
  });

  it('asks a Prometheus where one is named, for the pods of this release alone', () => {
    const scaled = only(shape('keda-prometheus'), 'ScaledObject');
    assert.deepEqual(at(scaled, 'spec.triggers.0'), {
      type: 'prometheus',
      metricType: 'Value',
      metadata: {
        serverAddress: 'http://prometheus.monitoring:9090',
        query: 'max(ackline_processor_scaling_lag_seconds{namespace="hooks",pod=~"ackline-processor-.+"})',
        threshold: '30',
        ignoreNullValues: 'false',
      },
      authenticationRef: { name: 'prometheus' },
    });
  });

  it('moves partitions slowly: two processors a minute up, one in two minutes down', () => {
    const behavior = at(
      only(shape('autoscaled'), 'ScaledObject'),
      'spec.advanced.horizontalPodAutoscalerConfig.behavior',
    );
    assert.deepEqual(at(behavior, 'scaleUp.policies'), [{ type: 'Pods', value: 2, periodSeconds: 60 }]);
    assert.deepEqual(at(behavior, 'scaleDown.policies'), [{ type: 'Pods', value: 1, periodSeconds: 120 }]);
  });
});

describeChart('a PodDisruptionBudget', () => {
  it('lets one pod of each component go at a time, and broken ones always', () => {
    const manifests = renderMinimal();
    for (const name of ['ackline-ingress', 'ackline-processor']) {
      const budget = only(manifests, 'PodDisruptionBudget', name);
      assert.equal(at(budget, 'spec.maxUnavailable'), 1);
      assert.equal(at(budget, 'spec.unhealthyPodEvictionPolicy'), 'AlwaysAllow');
      assert.equal(
        at(budget, 'spec.selector.matchLabels.app\\.kubernetes\\.io/component'),
        name.slice('ackline-'.length),
      );
    }
  });

  it('is not there where it is not wanted', () => {
    assert.deepEqual(namesOf(shape('without-hooks'), 'PodDisruptionBudget'), []);
  });
});
