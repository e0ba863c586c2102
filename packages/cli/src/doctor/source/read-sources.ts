import { constants } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { candidatesFor } from './definitions.ts';
import { words } from './known/words.ts';
import { loadedModule } from './origins.ts';
import { type ParsedModule, parseModule, type SourceModule } from './parse-module.ts';

/** What was found below the named paths, each file once, whatever links lead to it. */
export interface ReadSources {
  readonly modules: readonly ParsedModule[];
  /** What was not looked at, and why. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** More than any team's handlers; a larger tree is the wrong folder, and would take minutes. */
const MAX_FILES = 2_000;
const MAX_TOTAL_BYTES = 8 * 1_048_576;
/** A larger file was made by a program. */
const MAX_FILE_BYTES = 1_048_576;
const MAX_DEPTH = 30;
/** A folder of more names is no folder of sources. */
const MAX_ENTRIES = 10_000;
/** The rest is only counted. */
const MAX_LEFT_OUT = 100;
const SOURCE = /\.[cm]?[jt]sx?$/;
const NO_SOURCE = /(?:\.d\.[cm]?ts|\.min\.js|[._-](?:test|spec)\.[cm]?[jt]sx?)$/;
const NO_FOLDER = words(
  'node_modules bower_components vendor dist build out coverage test tests __tests__ __mocks__ fixtures',
);

interface Reading {
  readonly modules: ParsedModule[];
  readonly leftOut: LeftOut[];
  /** Real paths: a link that leads back is not followed again. */
  readonly seen: Set<string>;
  bytes: number;
  files: number;
  unnamed: number;
}

/**
 * Reads files, with all that they import by a relative path, and folders, with all sources in them. A path that is not there
 * is left out like one that can not be read. Never rejects.
 */
export async function readSources(paths: readonly string[]): Promise<ReadSources> {
  const reading: Reading = { modules: [], leftOut: [], seen: new Set(), bytes: 0, files: 0, unnamed: 0 };
  for (const path of paths) await readPath(resolve(path), reading);
  const { modules, leftOut, unnamed } = reading;
  const rest = unnamed === 0 ? [] : [{ path: '…', reason: `${unnamed} more were left out` }];
  return { modules, leftOut: [...leftOut, ...rest] };
}

async function readPath(path: string, reading: Reading): Promise<void> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() === true) await readFolder(path, MAX_DEPTH, reading);
  else await readFile(path, reading, true);
}

async function readFolder(path: string, depth: number, reading: Reading): Promise<void> {
  if (!(await isNew(path, reading))) return;
  const names = await readdir(path).catch((error: unknown) => leaveOut(reading, path, reasonOf(error)));
  if (names === null) return;
  if (depth === 0) return void leaveOut(reading, path, 'it lies too deep');
  if (names.length > MAX_ENTRIES) return void leaveOut(reading, path, `it has over ${MAX_ENTRIES} entries`);
  for (const name of names.toSorted()) {
    if (reading.files >= MAX_FILES) return void leaveOut(reading, path, `there are over ${MAX_FILES} files`);
    if (!name.startsWith('.')) await readEntry(join(path, name), depth, reading);
  }
}

async function readEntry(path: string, depth: number, reading: Reading): Promise<void> {
  const name = basename(path);
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() === true) {
    if (!NO_FOLDER.has(name)) await readFolder(path, depth - 1, reading);
  } else if (SOURCE.test(name) && !NO_SOURCE.test(name)) await readFile(path, reading, false);
}

/** Of a file that was named, its imports follow: they are what runs with it. */
async function readFile(path: string, reading: Reading, withImports: boolean): Promise<void> {
  if (!(await isNew(path, reading))) return;
  if (reading.files >= MAX_FILES) return void leaveOut(reading, path, `there are over ${MAX_FILES} files`);
  const text = await readText(path, MAX_TOTAL_BYTES - reading.bytes).catch((error: unknown) =>
    leaveOut(reading, path, reasonOf(error)),
  );
  if (text === null) return;
  reading.files += 1;
  reading.bytes += text.length;
  const parsed = parseModule({ path: withSlashes(path), text });
  reading.modules.push(parsed);
  if (parsed.kind !== 'module' || !withImports) return;
  for (const specifier of relativeImports(parsed.module)) {
    const target = await findFile(join(path, '..', specifier));
    if (target !== null && extname(target) !== '.json') await readFile(target, reading, true);
  }
}

/** Says itself why. */
class LeftOutError extends Error {}

/** At most one byte over the limit is read, so that a device or a growing file can not fill the memory. */
async function readText(path: string, room: number): Promise<string> {
  // A pipe that nobody writes to would let the opening wait for ever.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await file.stat()).isFile()) throw new LeftOutError('it is no regular file');
    const limit = Math.min(MAX_FILE_BYTES, room);
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) return bytes.toString('utf8', 0, length);
      length += bytesRead;
    }
    throw new LeftOutError(
      limit < MAX_FILE_BYTES
        ? `all files together are over ${MAX_TOTAL_BYTES / 1_048_576} MiB`
        : `it is over ${MAX_FILE_BYTES / 1_048_576} MiB`,
    );
  } finally {
    await file.close();
  }
}

async function isNew(path: string, { seen }: Reading): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  if (seen.has(real)) return false;
  seen.add(real);
  return true;
}

function leaveOut(reading: Reading, path: string, reason: string): null {
  if (reading.leftOut.length < MAX_LEFT_OUT) reading.leftOut.push({ path: withSlashes(path), reason });
  else reading.unnamed += 1;
  return null;
}

function reasonOf(error: unknown): string {
  if (error instanceof LeftOutError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return code === 'ENOENT' ? 'it is not there' : `it can not be read (${code})`;
}

async function findFile(path: string): Promise<string | null> {
  for (const candidate of candidatesFor(withSlashes(path))) {
    const stats = await lstat(candidate).catch(() => null);
    if (stats !== null && !stats.isDirectory()) return candidate;
  }
  return null;
}

function relativeImports(module: SourceModule): readonly string[] {
  const sources = [
    ...module.all('ImportDeclaration').map(path => path.node.source.value),
    ...module.all('ExportAllDeclaration').map(path => path.node.source.value),
    ...module.all('ExportNamedDeclaration').map(path => path.node.source?.value ?? ''),
    ...module.all('CallExpression').map(path => loadedModule(path) ?? ''),
    ...module.all('ImportExpression').map(path => loadedModule(path) ?? ''),
  ];
  return sources.filter(source => source.startsWith('./') || source.startsWith('../'));
}

function withSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
