import { z } from 'zod';
import { compileFilter } from '../routing/filter.ts';
import { choiceField, eventTypeField, nameField } from './fields.ts';
import type { CompiledWhere } from './types.ts';

/** Each mistake is reported at its own place; `params.at` tells whether that is the key or its value. */
const whereField = z
  .unknown()
  .transform((given, context): CompiledWhere => {
    const compiled = compileFilter(given);
    if ('filter' in compiled) return { given, test: compiled.filter };
    for (const { path, at, message } of compiled.problems) {
      context.addIssue({ code: 'custom', path: [...path], params: { at }, message });
    }
    return z.NEVER;
  })
  .meta({ title: 'filter' });

const matchSchema = z.strictObject(
  {
    source: nameField.optional().describe('Only events of this source.'),
    type: eventTypeField.optional().describe('Only events of exactly this type.'),
    tenant: nameField.optional().describe('Only events of this tenant.'),
    where: whereField
      .optional()
      .describe(
        'Only events that this filter takes: a map of paths (`body.…`, `headers.…`, type, tenant, source, provider) to a ' +
          'value or to operators such as `$in`. Written as in MongoDB: [routes.md](routes.md).',
      ),
  },
  { error: 'must be a map with source, type, tenant or where; without any it takes every event' },
);

/** An entry of `routes`. */
export const routeSchema = z.strictObject(
  {
    name: nameField.describe('Names the route in logs and metrics. Unique.'),
    match: matchSchema.prefault({}).describe('Which events the route takes. All that is given must hold.'),
    destination: nameField.describe('The destination that these events are delivered to.'),
    priority: choiceField('event', 'high', 'normal')
      .prefault('event')
      .describe(
        'high goes before normal where deliveries of one tenant wait, and leaves it one place of five. event: as the provider ' +
          'says it: high for messages of Twilio with media, else normal.',
      ),
  },
  { error: 'must be a route: a map with name, match and destination' },
);
