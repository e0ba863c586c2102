import { z } from 'zod';
import { integerField, nameField } from './fields.ts';

/** Enough to prefer one; a larger weight would only hide that the destination is too slow for the others. */
const MAX_WEIGHT = 100;

/** An entry of `tenants`. */
export const tenantSchema = z.strictObject(
  {
    name: nameField.describe('A tenant that a source names. Unique.'),
    weight: integerField(1, MAX_WEIGHT)
      .prefault(1)
      .describe(
        'Its part of the turns where several tenants wait for one destination: 3 has three for each one of a tenant of 1.',
      ),
  },
  { error: 'must be a tenant: a map with name and weight' },
);
