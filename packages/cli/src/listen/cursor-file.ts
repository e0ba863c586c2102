import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import { z } from 'zod';
import { prepareDataDirectory, type DataLayout } from '../data-directory/layout.ts';
import { writeFileWhole } from '../data-directory/write-whole.ts';

/** What a listener is known by: another console, place or filter is another listener, which begins anew. */
export interface ListenerName {
  readonly console: string;
  readonly target: string;
  readonly filters: Readonly<Record<string, string | readonly string[]>>;
}

const schema = z.object({ cursor: z.string().min(1), at: z.iso.datetime() });

export interface KeptCursor {
  readonly cursor: string;
  readonly at: Date;
}

export interface CursorFile {
  readonly path: string;
  /** null: there is none, or it can't be read. */
  read(): Promise<KeptCursor | null>;
  /** Whole or not at all: a kill leaves the one before. */
  write(cursor: string): Promise<void>;
}

const NAME_CHARS = 16;
const FOLDER = 'listen';

/** Rejects with ACKLINE_DATA_DIRECTORY. */
export async function openCursorFile(layout: DataLayout, name: ListenerName): Promise<CursorFile> {
  await prepareDataDirectory(layout);
  const folder = join(layout.root, FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${digest(name)}.json`);
  return {
    path,
    async read() {
      try {
        const { cursor, at } = schema.parse(JSON.parse(await readFile(path, 'utf8')));
        return { cursor, at: new Date(at) };
      } catch {
        return null;
      }
    },
    async write(cursor) {
      const kept = { ...name, cursor, at: new Date().toISOString() };
      try {
        await writeFileWhole(path, `${JSON.stringify(kept, null, 2)}\n`);
      } catch (error) {
        throw new AppError('ACKLINE_DATA_DIRECTORY', `${path} can not be written`, { cause: error });
      }
    },
  };
}

function digest({ console: url, target, filters }: ListenerName): string {
  const sorted = Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([url, target, sorted]))
    .digest('hex')
    .slice(0, NAME_CHARS);
}
