import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';

interface ExampleConfig {
  readonly destinations: readonly { readonly module: string; readonly settings: object }[];
}

/** ackline.yaml of an example, as it is but for the servers that its settings name, read from another folder. */
export async function exampleConfig(folder: string, settings: object): Promise<string> {
  const config = parse(await readFile(resolve(folder, 'ackline.yaml'), 'utf8')) as ExampleConfig;
  const destinations = config.destinations.map(one => ({
    ...one,
    module: resolve(folder, one.module),
    settings: { ...one.settings, ...settings },
  }));
  return stringify({ ...config, destinations });
}
