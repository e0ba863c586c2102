import type { ConsoleSchemas } from '@ackline/console-client/client';
import type { ListedRejection } from '@ackline/store/rejections';

/** What a console shows of a refused request, as the database has it. */
export function shownRejection({
  rejectedAt,
  headers,
  otherHeaders,
  ...request
}: ConsoleSchemas['Rejected']): ListedRejection {
  return {
    ...request,
    rejectedAt: new Date(rejectedAt),
    headers: { known: headers.map(({ name, length }) => [name, length]), others: otherHeaders },
  };
}
