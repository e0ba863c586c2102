import { z } from 'zod';
import { listField, logLevelField, proxyField, publicUrlField } from './fields.ts';
import { destinationSchema } from './schema-destination.ts';
import { retentionSchema } from './schema-retention.ts';
import { routeSchema } from './schema-route.ts';
import { sourceSchema } from './schema-source.ts';
import { tenantSchema } from './schema-tenant.ts';

/**
 * The form of ackline.yaml. Descriptions here and in schema-….ts are the text of docs/configuration.md: after a change run
 * `npm run docs`. Every object is strict: a key that is not known is an error, since a mistyped limit would silently be none.
 */

/** Far over any real file; below it, checking all of the file takes well under a second. */
const MAX_SOURCES = 1_000;
const MAX_TENANTS = 1_000;
const MAX_ROUTES = 5_000;
const MAX_DESTINATIONS = 1_000;
/** More networks than a company puts proxies into. */
const MAX_PROXIES = 100;

export const configSchema = z.strictObject(
  {
    publicUrl: publicUrlField
      .optional()
      .describe(
        'The URL that providers call, up to the path. Some sign it (twilio, square, generic with `{url}`), so it must be exact.',
      ),
    trustProxies: listField(proxyField, MAX_PROXIES, 'addresses and blocks')
      .prefault([])
      .describe(
        'The proxies in front of Ackline. The address that limits count by is taken from X-Forwarded-For only as far as ' +
          'these have written it.',
      ),
    logLevel: logLevelField
      .optional()
      .describe(
        'The least that is logged by every process that reads this file, from the moment in which it has read it. Without it LOG_LEVEL counts.',
      ),
    sources: listField(sourceSchema, MAX_SOURCES, 'sources')
      .min(1, 'must have one source at least')
      .describe('The endpoints: who may call, where, and how the caller is proven.'),
    tenants: listField(tenantSchema, MAX_TENANTS, 'tenants')
      .prefault([])
      .describe('The weights of tenants. One that is not listed has the weight 1.'),
    routes: listField(routeSchema, MAX_ROUTES, 'routes')
      .prefault([])
      .describe('Which events go where. An event that several routes take is delivered by each of them.'),
    destinations: listField(destinationSchema, MAX_DESTINATIONS, 'destinations')
      .prefault([])
      .describe('Where events are delivered to.'),
    retention: retentionSchema.prefault({}).describe('How long things are kept.'),
  },
  { error: 'must be a map with sources, routes and destinations' },
);

export type ConfigFile = z.output<typeof configSchema>;
