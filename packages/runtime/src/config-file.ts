import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '@ackline/shared/app-error';
import {
  inspectConfig,
  type InspectedConfig,
  type KnownProviders,
  loadConfig,
  MAX_CONFIG_BYTES,
} from '@ackline/shared/config/load-config';
import type { AcklineConfig } from '@ackline/shared/config/types';

export interface ConfigFileOptions {
  readonly providers: KnownProviders;
  /** Refuses what only development may leave open. */
  readonly production: boolean;
  /** How many are in force: they are lost by the word of the file alone, and not by one without `routes`. Default: none. */
  readonly routesInForce?: number;
}

/** Reads and checks ackline.yaml. Throws ACKLINE_CONFIG_UNREADABLE, or ACKLINE_CONFIG_INVALID with all errors by file, line and column. */
export async function readConfigFile(path: string, options: ConfigFileOptions): Promise<AcklineConfig> {
  return loadConfig(decode(path, await readBounded(path)), { fileName: path, ...options });
}

/** As {@link readConfigFile}, for whoever has more to say about the file. Throws ACKLINE_CONFIG_UNREADABLE only. */
export async function inspectConfigFile(path: string, options: ConfigFileOptions): Promise<InspectedConfig> {
  return inspectConfig(decode(path, await readBounded(path)), { fileName: path, ...options });
}

/** Reads one byte over the limit at most, so that a device or a growing file can not fill the memory. */
async function readBounded(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const bytes = Buffer.alloc(MAX_CONFIG_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new AppError('ACKLINE_CONFIG_UNREADABLE', `${path}: can not be read (${code})`, { cause });
  } finally {
    await file?.close();
  }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('ACKLINE_CONFIG_UNREADABLE', `${path}: is no UTF-8 text; save it as UTF-8`, { cause });
  }
}
