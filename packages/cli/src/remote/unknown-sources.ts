import { printable } from '@ackline/shared/printable';
import type { ConsoleConnection } from './console-connection.ts';
import { answerOf } from './with-console.ts';

/** So many names still fit a line that is read. */
const MAX_NAMES = 10;

/**
 * Says which of the names the console has no source of: a slip, which would be waited on for ever, or a source that is gone, whose
 * events are there still. Not where the console gives no answer: what is asked of it next says why.
 */
export async function sayUnknownSources(
  { client }: Pick<ConsoleConnection, 'client'>,
  names: readonly string[],
  say: (text: string) => void,
): Promise<void> {
  if (names.length === 0) return;
  const known = await answerOf(client.GET('/api/v1/sources')).then(
    ({ items }) => items.map(({ name }) => name),
    () => null,
  );
  const unknown = names.filter(name => known !== null && !known.includes(name));
  if (known === null || unknown.length === 0) return;
  say(`No source is named ${listed(unknown)}: nothing new comes from there.`);
  say(known.length === 0 ? 'There is none at all.' : `The sources are ${listed(known)}.`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map(name => printable(name));
  const rest = names.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
