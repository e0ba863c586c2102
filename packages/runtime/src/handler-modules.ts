import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Finding } from '@ackline/shared/config/finding';
import type { AcklineConfig } from '@ackline/shared/config/types';

/** Where the module of a handler is: from the folder of the file that names it. */
export function modulePath(configPath: string, module: string): string {
  return resolve(dirname(configPath), module);
}

/** Modules of handlers that are not there, by their places in the file. Whether one can be used shows when it is run. */
export async function moduleFindings(
  { destinations }: Pick<AcklineConfig, 'destinations'>,
  configPath: string,
): Promise<readonly Finding[]> {
  const findings = await Promise.all(
    destinations.map(async (destination, index) => {
      if (destination.type !== 'handler') return [];
      const problem = await problemOf(modulePath(configPath, destination.module));
      return problem === null ? [] : [{ path: ['destinations', index, 'module'], message: problem }];
    }),
  );
  return findings.flat();
}

async function problemOf(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isFile() ? null : `${path} is no file`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return code === 'ENOENT' ? `there is no file ${path}` : `${path} can not be read (${code})`;
  }
}
