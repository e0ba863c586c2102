import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { DataLayout } from './layout.ts';
import { writeFileWhole } from './write-whole.ts';

const schema = z.object({
  pid: z.number().int().positive(),
  startedAt: z.string(),
  /** With its password: the file is readable by its owner only. */
  databaseUrl: z.string(),
  ingressUrl: z.string(),
  consoleUrl: z.string().optional(),
  operationsUrl: z.string(),
  /** Process ids of the services, by their names. */
  services: z.record(z.string(), z.number().int().positive()),
});

/** What a running `up` tells other commands that work on the same data directory. */
export type UpState = z.output<typeof schema>;

export async function writeUpState(layout: DataLayout, state: UpState): Promise<void> {
  await writeFileWhole(layout.upState, `${JSON.stringify(state, null, 2)}\n`);
}

export async function removeUpState(layout: DataLayout): Promise<void> {
  await rm(layout.upState, { force: true });
}

/** What the file says; it counts only while the directory is locked. null: there is none. */
export async function readUpState(layout: DataLayout): Promise<UpState | null> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(layout.upState, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
