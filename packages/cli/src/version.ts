import { readFileSync } from 'node:fs';

/** Of this release; one number for code, image and chart. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
