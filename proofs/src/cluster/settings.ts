import { fileURLToPath } from 'node:url';

// What the tier's runner tells its tests; scripts/test-tiers/cluster-tier.ts sets what is not given.

/** The image under test, loaded into the cluster already, and one with a further migration. */
export const IMAGE_VARIABLE = 'K8S_IMAGE';
export const NEXT_IMAGE_VARIABLE = 'K8S_NEXT_IMAGE';
/** Where requests for the ingress host go from this machine: the address of what serves Ingress and Gateway. */
export const INGRESS_URL_VARIABLE = 'K8S_INGRESS_URL';
/** What k8s/local/kind.yaml maps to the node. */
export const DEFAULT_INGRESS_URL = 'http://127.0.0.1:30080';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

export function imageOf(variable: string): ImageName {
  const name = process.env[variable];
  if (name === undefined) throw new Error(`${variable} is not set: run this with \`npm run test:k8s\``);
  const split = name.lastIndexOf(':');
  return { repository: name.slice(0, split), tag: name.slice(split + 1) };
}

export const ingressUrl = (): string => process.env[INGRESS_URL_VARIABLE] ?? DEFAULT_INGRESS_URL;
