import { z } from 'zod';
import { guid, time } from './named-schemas.ts';

/** What routes share in what they take. */
const MAX_NAME_LENGTH = 200;
const MAX_KEY_LENGTH = 1_024;
const MAX_CURSOR_LENGTH = 200;
const MAX_WHERE_LENGTH = 4_096;

export const name = z.string().min(1).max(MAX_NAME_LENGTH);
const key = z.string().min(1).max(MAX_KEY_LENGTH);
const cursor = z.string().min(1).max(MAX_CURSOR_LENGTH);

export const none = z.strictObject({});
export const byId = z.strictObject({ id: guid });
export const byName = z.strictObject({ name });

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

export const paging = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Rows of a page.'),
  cursor: cursor.optional().describe('`next` of the page before. It belongs to the same filters.'),
};

/** What a list of events and the live stream are filtered by. All that is given must hold. */
export const eventFilters = {
  source: name.optional(),
  type: name.optional(),
  tenant: name.optional(),
  dedupKey: key.optional().describe("The provider's own event id. Needs the scope `payload` too."),
  orderingKey: key.optional().describe('Chat, customer, repository, … Needs the scope `payload` too.'),
  destination: name.optional().describe('With a delivery to it.'),
  where: z
    .string()
    .max(MAX_WHERE_LENGTH)
    .optional()
    .describe(
      'A filter of body and headers as JSON, in the language of a route\'s `where` (docs/routes.md): `{"body.amount":{"$gt":100}}`. Needs the scope `payload` too.',
    ),
};

/** Of lists that show keys. */
export const shownKeys = {
  keys: z
    .literal('hidden')
    .optional()
    .describe('Hashes of dedup and ordering keys, also where the caller may see them as they are.'),
};

export const timeFilter = (what: string) => time.optional().describe(what);

const MAX_SOURCES = 50;

/** `source=a&source=b`, and one alone. */
export const sources = z
  .preprocess(given => (typeof given === 'string' ? [given] : given), z.array(name).min(1).max(MAX_SOURCES))
  .optional()
  .describe('One of these.');

/** Of events that are read forwards. */
export const forward = {
  after: cursor.optional(),
  storedSince: timeFilter(
    'None that was stored before, by the clock of the database. Without `after` it begins there. Give it with each call.',
  ),
};
