import { open, type FileHandle } from 'node:fs/promises';
import type { Account } from './account.ts';

/** The first descriptor after stdin, stdout and stderr. */
const FIRST_DESCRIPTOR = 3;

/**
 * Paths as PostgreSQL's programs see them. Root may keep its data below a directory that the account can not pass (a
 * clone under /root). Instead of opening that directory to others, or giving PostgreSQL a capability, we open the path
 * ourselves and hand over the descriptor: /proc/self/fd/N leads to the very directory, whatever lies above it.
 */
export interface VisiblePaths extends AsyncDisposable {
  readonly paths: readonly string[];
  /** To be appended to the child's stdio: stdin, stdout, stderr, then these. */
  readonly descriptors: readonly number[];
}

export async function makeVisible(
  realPaths: readonly string[],
  account: Account | null,
): Promise<VisiblePaths> {
  if (account === null || process.platform !== 'linux') {
    return { paths: realPaths, descriptors: [], [Symbol.asyncDispose]: async () => undefined };
  }
  const handles: FileHandle[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(handles.map(handle => handle.close()));
  };
  try {
    for (const path of realPaths) handles.push(await open(path, 'r'));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    paths: handles.map((_, index) => `/proc/self/fd/${FIRST_DESCRIPTOR + index}`),
    descriptors: handles.map(handle => handle.fd),
    [Symbol.asyncDispose]: close,
  };
}
