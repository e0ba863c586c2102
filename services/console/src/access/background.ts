import type { IncomingMessage } from 'node:http';

type Headed = Pick<IncomingMessage, 'headers'>;

/**
 * The page sets it to `1` where nobody has touched it for a minute: what it asks for then it asks for by itself, and is no use of the
 * session, which rests until a person is back. Who does not send it counts as a person.
 */
const BACKGROUND_HEADER = 'x-ackline-background';

export const isInBackground = ({ headers }: Headed): boolean => headers[BACKGROUND_HEADER] === '1';

/** The same request, as one that nobody makes just now. */
export const inBackground = ({ headers }: Headed): Headed => ({
  headers: { ...headers, [BACKGROUND_HEADER]: '1' },
});
