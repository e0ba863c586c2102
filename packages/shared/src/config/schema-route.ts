import { z } from 'zod';
import { compileFilter } from '../routing/filter.ts';
import { transformProblem } from '../routing/transform.ts';
import { MAX_EXPRESSION_LENGTH } from '../routing/transform-limits.ts';
import { choiceField, durationField, eventTypeField, nameField } from './fields.ts';
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

const EXPRESSION_RULE = `must be a text of 1 to ${MAX_EXPRESSION_LENGTH} characters, an expression of JSONata`;

const expressionField = z
  .string({ error: EXPRESSION_RULE })
  .superRefine((text, context) => {
    const fits = text.trim() !== '' && text.length <= MAX_EXPRESSION_LENGTH;
    const problem = fits ? transformProblem(text) : EXPRESSION_RULE;
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ title: 'text' });

const transformSchema = z.strictObject(
  {
    jsonata: expressionField.describe(
      'The expression. It sees `body`, `headers`, type, tenant, source and provider, as `where` does.',
    ),
    timeout: durationField('10ms', '5s')
      .prefault('250ms')
      .describe("For one event; half of the destination's `timeout` at most."),
  },
  { error: 'must be a map with jsonata, and a timeout if you like' },
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
    history: choiceField('all', 'failures')
      .prefault('all')
      .describe(
        'failures: a delivery is forgotten once it is delivered, and its event with it where no other route keeps it. ' +
          '[routes.md](routes.md#what-is-kept).',
      ),
    transform: transformSchema
      .optional()
      .describe(
        'What is sent in place of the body: JSON that an expression makes of the event. Without it the body goes out as it came. ' +
          '[routes.md](routes.md#another-body).',
      ),
  },
  { error: 'must be a route: a map with name, match and destination' },
);
