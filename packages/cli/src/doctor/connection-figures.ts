// As the services have them; a test compares them, since no package may import a service.

/** Connections to PostgreSQL of each ingress process. */
export const INGRESS_POOL_MAX = 5;
/** Of the console, where there is one. */
export const CONSOLE_CONNECTIONS = 5;
/** Of each processor, where DATABASE_POOL_MAX does not say so. */
export const DEFAULT_PROCESSOR_POOL_MAX = 50;
/** Of each processor, beside its pool. */
export const CONNECTIONS_BESIDE_POOL = 2;
/** Of the public port of an ingress process, where WEBHOOK_MAX_CONNECTIONS does not say so. */
export const DEFAULT_MAX_CONNECTIONS = 4_096;
