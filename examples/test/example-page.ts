import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A page of docs/tutorials, by what stands in its fences: yaml, ts, sh, and '' for what programs print. */
export async function readPage(name: string): Promise<(language: string) => readonly string[]> {
  const page = await readFile(`${ROOT}docs/tutorials/${name}.md`, 'utf8');
  const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
  return language => blocks.filter(block => block.language === language).map(({ text }) => text);
}
