import pg from 'pg';
import type { Kubectl } from './kubectl.ts';
import { withPortForward } from './port-forward.ts';
import { findClusterParts } from './cluster-parts.ts';
import { HOST } from './cluster-load.ts';
import { componentSelector } from './stage.ts';

/** The ingress host behind the first Ingress class of the cluster. */
export async function exposedByIngress(): Promise<object> {
  const { ingressClass } = await findClusterParts();
  if (ingressClass === null)
    throw new Error('the cluster has no Ingress class: nothing serves the ingress host');
  return { ingress: { enabled: true, className: ingressClass, hosts: [HOST] } };
}

export interface ReadinessAnswer {
  readonly status: number;
  readonly body: string;
}

/** What a pod of the component says itself at its operations port, ready or not. */
export async function readyzOf(kubectl: Kubectl, component: string): Promise<ReadinessAnswer> {
  const pods = await kubectl.pods(componentSelector(component));
  const pod = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined);
  return withPortForward(kubectl, { name: `pod/${pod?.metadata.name}`, port: 9464 }, async port => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, body: await response.text() };
  });
}

/** What the tests read of `/health` of the ingress. */
export interface IngressHealth {
  readonly event_log: { readonly tier_in_use: string };
  readonly spool: { readonly events: number; readonly leftovers: number } | null;
}

export async function healthOf(kubectl: Kubectl): Promise<IngressHealth> {
  return withPortForward(kubectl, { name: 'service/ackline-ingress', port: 80 }, async port => {
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    return (await response.json()) as IngressHealth;
  });
}

/** The newest migration that the database has. */
export async function appliedMigrations(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'ackline-proof' });
  client.on('error', () => undefined); // the query in flight rejects with the same error
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number }>(
      'select max(version) as version from schema_migrations',
    );
    return rows[0]?.version ?? 0;
  } finally {
    await client.end();
  }
}
