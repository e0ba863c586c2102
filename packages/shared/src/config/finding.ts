import type { ConfigPath } from './yaml-source.ts';

/** What is wrong at a place of the file, beyond its form. */
export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}
