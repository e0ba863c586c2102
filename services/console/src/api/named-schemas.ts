import { z } from 'zod';

export const namedSchemas = z.registry<{ readonly id: string; readonly description: string }>();

export function named<Schema extends z.ZodType>(id: string, description: string, schema: Schema): Schema {
  namedSchemas.add(schema, { id, description });
  return schema;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const guid = z.string().regex(GUID, 'must be an id').meta({ format: 'uuid' });

export const time = z.iso.datetime();

export const count = z.number().int().nonnegative();

export function pageOf<Item extends z.ZodType>(id: string, description: string, item: Item) {
  return named(
    id,
    description,
    z.object({
      items: z.array(item),
      next: z.string().nullable().describe('The cursor of the next page; null: this was the last one.'),
      scannedTo: time
        .nullable()
        .describe(
          'The look ended at its bound before the page was full: the time of the last row that was looked at. `next` goes on there.',
        ),
    }),
  );
}

export const place = named(
  'Place',
  'Where something stands in the configuration.',
  z.object({ file: z.string(), line: z.number().int().positive() }),
);

export const problem = named(
  'Problem',
  'Why a call did not do what it should (RFC 9457).',
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().describe('From docs/errors.md. It keeps its meaning for ever.'),
    requestId: z.string(),
  }),
);
