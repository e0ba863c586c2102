import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

export const ONE_BOX = `${ROOT}/docs/one-box`;

/** The text of a file of docs/one-box. */
export function readOneBoxFile(name: string): Promise<string> {
  return readFile(`${ONE_BOX}/${name}`, 'utf8');
}

/**
 * The text with each name of a real machine replaced, everywhere, in this order. Throws where one is not in it: a file that no longer
 * has it would be tested as something else.
 */
export function moved(text: string, places: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [from, to] of Object.entries(places)) {
    if (!result.includes(from)) throw new Error(`"${from}" is not there`);
    result = result.replaceAll(from, to);
  }
  return result;
}
