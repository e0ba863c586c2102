import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseLogLevel } from '../log-level.ts';
import { DAY_MS, parseDuration, parseSize } from './units.ts';

/**
 * The kinds of value that ackline.yaml has. Each message says what the value must be; none repeats the value, since a secret
 * may have been put in the wrong place.
 */

/** Whose events are those of a source that names no tenant. */
export const DEFAULT_TENANT = 'default';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const PATH = /^\/[A-Za-z0-9._~/-]*$/;
const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** A longer request line is refused by most servers on the way. */
const MAX_PATH_LENGTH = 200;
const MAX_URL_LENGTH = 2_048;
const MAX_FILE_PATH_LENGTH = 4_096;
const MAX_TYPE_LENGTH = 200;

const NAME_RULE = 'must be lower-case letters, digits, "-", "_" or ".", 63 characters at most';

export const nameField = z.string({ error: NAME_RULE }).regex(NAME, NAME_RULE).meta({ title: 'name' });

const PATH_RULE = 'must be a path such as /webhook/telegram: no query, no spaces, no escapes';

export const pathField = z
  .string({ error: PATH_RULE })
  .superRefine((path, context) => {
    const problem = pathProblem(path);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ title: 'path' });

function pathProblem(path: string): string | null {
  if (path.length > MAX_PATH_LENGTH) return `must have ${MAX_PATH_LENGTH} characters at most`;
  if (!path.startsWith('/')) return 'must begin with "/"';
  if (!PATH.test(path)) return PATH_RULE;
  // A client or proxy resolves these before it sends, so the path would never match.
  if (/\/(?:\/|\.\.?(?:\/|$))/.test(path)) return 'must not hold "//", "/./" or "/../"';
  if (/^\/health\/?$/i.test(path)) return 'must not be /health: Ackline answers that path itself';
  return null;
}

const TYPE_RULE = `must be text of 1 to ${MAX_TYPE_LENGTH} characters`;

export const eventTypeField = z
  .string({ error: TYPE_RULE })
  .min(1, TYPE_RULE)
  .max(MAX_TYPE_LENGTH, TYPE_RULE)
  .meta({ title: 'text' });

const LOG_LEVEL_RULE = 'must be DEBUG, INFO, WARNING or ERROR';

export const logLevelField = z
  .string({ error: LOG_LEVEL_RULE })
  .transform((name, context) => {
    const level = parseLogLevel(name);
    if (level !== null) return level;
    context.addIssue(LOG_LEVEL_RULE);
    return z.NEVER;
  })
  .meta({ title: 'DEBUG, INFO, WARNING or ERROR' });

const PUBLIC_URL_RULE = 'must be an http or https URL such as https://hooks.example.com';

/** Kept as it was written but for slashes at the end: Twilio and Square sign these very characters. */
export const publicUrlField = z
  .string({ error: PUBLIC_URL_RULE })
  .superRefine((text, context) => {
    const problem = urlProblem(text, PUBLIC_URL_RULE) ?? (text.includes('?') ? 'must have no query' : null);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .transform(text => text.replace(/\/+$/, ''))
  .meta({ title: 'URL' });

const DESTINATION_URL_RULE = 'must be an http or https URL such as https://app.internal/events';

export const destinationUrlField = z
  .string({ error: DESTINATION_URL_RULE })
  .superRefine((text, context) => {
    const problem = urlProblem(text, DESTINATION_URL_RULE);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ title: 'URL' });

const TOPIC_RULE = 'must be the name of a topic: letters, digits, ".", "_" or "-", 249 characters at most';

/** As Kafka has it; "." and ".." are folders. */
export const topicField = z
  .string({ error: TOPIC_RULE })
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, TOPIC_RULE)
  .meta({ title: 'topic' });

const BROKER_RULE = 'must be a broker such as kafka-1.internal:9092';

export const brokerField = z
  .string({ error: BROKER_RULE })
  .regex(/^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]):[1-9]\d{0,4}$/, BROKER_RULE)
  .meta({ title: 'host:port' });

function urlProblem(text: string, rule: string): string | null {
  // `new URL` trims spaces, turns "\" to "/" and takes "http:host": what was written must already be the URL.
  if (text.length > MAX_URL_LENGTH || !/^https?:\/\/[^\s\\/]/i.test(text) || /[\s\\]/.test(text)) return rule;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return rule;
  if (url.username !== '' || url.password !== '') return 'must hold no user or password';
  if (text.includes('#')) return 'must have no fragment ("#…")';
  return null;
}

const PROXY_RULE = 'must be an IP address or a block such as 10.0.0.0/8';
const PREFIX_LENGTH = /^[1-9]\d{0,2}$/;

/** An IP address, or a block of them in CIDR form; not the whole Internet ("/0"), whose headers anyone writes. */
export const proxyField = z
  .string({ error: PROXY_RULE })
  .refine(isAddressOrBlock, PROXY_RULE)
  .meta({ title: 'address or block' });

function isAddressOrBlock(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return length === undefined || (PREFIX_LENGTH.test(length) && Number(length) <= (version === 4 ? 32 : 128));
}

/** A duration within [min, max], in milliseconds. */
export function durationField(min: string, max: string) {
  return unitField({ kind: 'duration', example: '250ms, 5s, 2m, 1h or 30d', parse: parseDuration, min, max });
}

/** A size within [min, max], in bytes. */
export function sizeField(min: string, max: string) {
  return unitField({ kind: 'size', example: '512KiB or 1MiB', parse: parseSize, min, max });
}

/** As `durationField`, for a library that counts in seconds. */
export function secondsField(min: string, max: string) {
  return durationField(min, max)
    .refine(ms => ms % 1_000 === 0, 'must be in whole seconds')
    .meta({ title: `duration, [${min}, ${max}]` });
}

/** Whole days within [min, max], as their number. */
export function daysField(min: string, max: string) {
  return durationField(min, max)
    .refine(ms => ms % DAY_MS === 0, 'must be in whole days')
    .transform(ms => ms / DAY_MS)
    .meta({ title: `duration, [${min}, ${max}]` });
}

interface UnitForm {
  readonly kind: string;
  readonly example: string;
  readonly parse: (text: string) => number | null;
  readonly min: string;
  readonly max: string;
}

function unitField({ kind, example, parse, min, max }: UnitForm) {
  const least = parse(min);
  const most = parse(max);
  if (least === null || most === null) throw new RangeError(`[${min}, ${max}] is no interval of a ${kind}`);
  const rule = `must be a ${kind} with its unit, such as ${example}`;
  return z
    .string({ error: rule })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== null && value >= least && value <= most) return value;
      context.addIssue({
        code: 'custom',
        message: value === null ? rule : `must be within [${min}, ${max}]`,
      });
      return z.NEVER;
    })
    .meta({ title: `${kind}, [${min}, ${max}]` });
}

/** A whole number within [min, max]. */
export function integerField(min: number, max: number) {
  const rule = `must be a whole number within [${min}, ${max}]`;
  return z
    .number({ error: rule })
    .refine(value => Number.isSafeInteger(value) && value >= min && value <= max, rule)
    .meta({ title: `number, [${min}, ${max}]` });
}

/** A list of up to `max` entries; `what` names them in messages. */
export function listField<Item extends z.ZodType>(item: Item, max: number, what: string) {
  return z.array(item, { error: `must be a list of ${what}` }).max(max, `must have ${max} ${what} at most`);
}

export function choiceField<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, { error: `must be ${orList(values)}` }).meta({ title: orList(values) });
}

function orList(values: readonly (string | number)[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

const SECRET_RULE =
  'must be { env: NAME } or { file: /absolute/path }; a secret itself never stands in this file';
const ENVIRONMENT_RULE = 'must be the name of an environment variable, such as WEBHOOK_SECRET_TOKEN';
const FILE_RULE = 'must be the absolute path of a file';

export const secretField = z
  .strictObject(
    {
      env: z
        .string({ error: ENVIRONMENT_RULE })
        .regex(ENVIRONMENT_NAME, ENVIRONMENT_RULE)
        .meta({ title: 'name' })
        .describe('The environment variable that holds the secret; it is read once, at the start.')
        .optional(),
      file: z
        .string({ error: FILE_RULE })
        .max(MAX_FILE_PATH_LENGTH, FILE_RULE)
        .refine(path => isAbsolute(path) && !path.includes('\u0000'), FILE_RULE)
        .meta({ title: 'path' })
        .describe(
          'The file that holds the secret; read again when it changes, so that a secret can be rotated.',
        )
        .optional(),
    },
    { error: SECRET_RULE },
  )
  .refine(ref => (ref.env === undefined) !== (ref.file === undefined), SECRET_RULE)
  .meta({ title: 'secret' });
