import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chartValues } from '../generate-docs/chart-values.ts';

describe('the values of a chart, out of their file', () => {
  it('are names with their defaults and the comments above them', () => {
    const text = `# Of the file.

# How many.
replicas: 2
service:
  # Of the Service.
  port: 80
  # What a cloud reads.
  # Two lines.
  annotations: {}

# As in a pod.
resources:
  requests: { cpu: 250m }
  limits: { memory: 1Gi }
last: ""
`;
    assert.deepEqual(chartValues(text), [
      { path: 'replicas', fallback: '2', description: 'How many.' },
      { path: 'service', fallback: null, description: '' },
      { path: 'service.port', fallback: '80', description: 'Of the Service.' },
      { path: 'service.annotations', fallback: '{}', description: 'What a cloud reads. Two lines.' },
      {
        path: 'resources',
        fallback: 'requests: { cpu: 250m } limits: { memory: 1Gi }',
        description: 'As in a pod.',
      },
      { path: 'last', fallback: '""', description: '' },
    ]);
  });
});
