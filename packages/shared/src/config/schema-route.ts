import { z } from 'zod';
import { eventTypeField, nameField } from './fields.ts';

const matchSchema = z.strictObject(
  {
    source: nameField.optional().describe('Only events of this source.'),
    type: eventTypeField.optional().describe('Only events of exactly this type.'),
    tenant: nameField.optional().describe('Only events of this tenant.'),
  },
  { error: 'must be a map with source, type or tenant; without any it takes every event' },
);

/** An entry of `routes`. */
export const routeSchema = z.strictObject(
  {
    name: nameField.describe('Names the route in logs and metrics. Unique.'),
    match: matchSchema.prefault({}).describe('Which events the route takes. All that is given must hold.'),
    destination: nameField.describe('The destination that these events are delivered to.'),
  },
  { error: 'must be a route: a map with name, match and destination' },
);
