import { fileURLToPath } from 'node:url';

/** The services; they are started as programs, never imported. */
export const SERVICE_ENTRIES = {
  ingress: serviceEntry('ingress'),
  processor: serviceEntry('processor'),
  console: serviceEntry('console'),
} as const;
export type ServiceName = keyof typeof SERVICE_ENTRIES;

function serviceEntry(name: string): string {
  return fileURLToPath(new URL(`../../../services/${name}/src/main.ts`, import.meta.url));
}
