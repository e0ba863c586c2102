import { z } from 'zod';
import { integerField, nameField, secretField, sizeField } from './fields.ts';

const MAX_MODULE_LENGTH = 1_024;
const MODULE_RULE = 'must be the path of a module, .ts, .mts, .js or .mjs, such as ./handlers/bot.ts';
const MAX_THREADS = 16;
const MAX_CONNECTIONS = 20;
const MAX_SECRETS = 20;
/** A name of JavaScript, so that `ctx.secrets.telegramToken` reads well. */
const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const SECRETS_RULE = `must be a map of up to ${MAX_SECRETS} secrets: names of letters, digits and "_" that begin with a letter, each to { env: NAME } or { file: /absolute/path }`;
/** Each thread gets a copy. */
const MAX_SETTINGS_BYTES = 65_536;
const SETTINGS_RULE = `must be a map of what JSON can hold, at most ${MAX_SETTINGS_BYTES} bytes as JSON; numbers over 2^53 as texts`;

const moduleField = z
  .string({ error: MODULE_RULE })
  .max(MAX_MODULE_LENGTH, MODULE_RULE)
  .regex(/^[^\0]*[^/\\\0]\.m?[jt]s$/, MODULE_RULE)
  .meta({ title: 'path' });

const secretsField = z
  .record(z.string(), secretField, { error: SECRETS_RULE })
  .refine(secrets => {
    const names = Object.keys(secrets);
    return names.length <= MAX_SECRETS && names.every(name => SECRET_NAME.test(name));
  }, SECRETS_RULE)
  .meta({ title: 'map of secrets' });

const settingsField = z
  .record(z.string(), z.unknown(), { error: SETTINGS_RULE })
  .refine(isSmallJson, SETTINGS_RULE)
  .meta({ title: 'map' });

function isSmallJson(settings: Readonly<Record<string, unknown>>): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(settings)) <= MAX_SETTINGS_BYTES;
  } catch {
    return false; // an integer over 2^53 is a bigint, which JSON does not take
  }
}

/** The keys of `destinations` that a handler has, and no other type. */
export const handlerFields = {
  module: moduleField
    .optional()
    .describe(
      "With handler, and needed there: the module, by its path from this file's folder. TypeScript is run as it is.",
    ),
  handler: nameField
    .optional()
    .describe('With handler: the name given to `defineHandler`. Needed where the module exports several.'),
  threads: integerField(1, MAX_THREADS)
    .optional()
    .describe('With handler: threads in each processor, which share the calls out. Default `1`.'),
  memory: sizeField('32MiB', '4GiB')
    .optional()
    .describe('With handler: of each thread. One that takes more ends, and is replaced. Default `128MiB`.'),
  connections: integerField(0, MAX_CONNECTIONS)
    .optional()
    .describe(
      'With handler: connections to PostgreSQL of each thread, for `ctx.pg`. Default `0`: it has none.',
    ),
  secrets: secretsField
    .optional()
    .describe('With handler: what it finds in `ctx.secrets`, each by its name, by reference.'),
  settings: settingsField
    .optional()
    .describe('With handler: what it finds in `ctx.settings`. Not for secrets.'),
};
