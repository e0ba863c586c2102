import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { AppError } from '@ackline/shared/app-error';
import type { Finding } from '@ackline/shared/config/finding';
import { checkHeaderValue } from '@ackline/shared/config/header-fields';
import type { KnownProviders } from '@ackline/shared/config/load-config';
import { secretHeaders } from '@ackline/shared/config/secret-headers';
import type { AcklineConfig, SecretRef } from '@ackline/shared/config/types';
import { providerOf } from '@ackline/shared/providers/registry';
import { tlsFileProblems } from './tls-files.ts';

/**
 * SR1. A value is never in a message, and an empty one is never handed out: an HMAC with an empty key is one that anybody
 *      can compute.
 * SR2. `resolve` keeps the places: the n-th value belongs to the n-th reference.
 * SR3. It is asked on the hot path and waits for nothing: at most one `stat` a second and file, and a read only after a change,
 *      or while it can not be used: what was in the way (rights, descriptors) may end without a change of the file.
 * SR4. A file that can not be used while it is being replaced leaves the last good value in force.
 */
export interface SecretReader {
  /** The live values, in the order of the references. Throws ACKLINE_SECRET_MISSING where one has never been there. */
  resolve(refs: readonly SecretRef[]): readonly string[];
  /** When the file of each was last changed, by what was read last, in epoch milliseconds; null: it has none, or was never read. */
  changedAt(refs: readonly SecretRef[]): readonly (number | null)[];
  /**
   * Throws one ACKLINE_SECRET_MISSING that names every variable and file that is missing, empty or malformed, and who
   * needs it.
   */
  checkSecrets(config: AcklineConfig, providers: KnownProviders): void;
  /** The same by their places in the file, with nothing thrown. */
  secretFindings(config: AcklineConfig, providers: KnownProviders): readonly SecretFinding[];
}

export interface SecretFinding extends Finding {
  /** "source telegram, secrets[0]". */
  readonly owner: string;
}

export interface SecretReaderOptions {
  /** Each variable is read once, when it is first asked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Only changes the advice: in development `npm start` makes the secrets of variables up. */
  readonly production: boolean;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Hears that a changed file can not be used (SR4), once for each reason; the text names the file and never its content. */
  readonly onFileProblem?: (problem: string) => void;
}

/** Longer than any key or token; a larger file is the wrong file. */
const MAX_SECRET_BYTES = 65_536;
/** A rotation is taken within this time, and a busy source costs one `stat` in it. */
const CHECK_INTERVAL_MS = 1_000;
/** Standard Webhooks asks for 24 to 64 bytes: shorter can be guessed, longer adds nothing. */
const MIN_SIGNING_BYTES = 24;
const MAX_SIGNING_BYTES = 64;

/** What one reference holds now: a usable value, or why there is none. */
type Reading = Found | Missing;
type Found = { readonly value: string };
type Missing = { readonly problem: string };

interface FileState {
  checkedAt: number;
  /** Of the file as the value was read from it; null: there is no value. */
  readonly stamp: string | null;
  /** Epoch milliseconds. */
  readonly changedAt: number | null;
  readonly reading: Reading;
  /** Why the file can not be used now, though a value is in force; null: it can. */
  problem: string | null;
}

function stateOf(reading: Reading, stats: Stats | null, checkedAt: number): FileState {
  const stamp = 'value' in reading ? stampOf(stats) : null;
  return { checkedAt, stamp, changedAt: stats?.mtimeMs ?? null, reading, problem: null };
}

export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const now = options.now ?? Date.now;
  const variables = new Map<string, Reading>();
  const files = new Map<string, FileState>();

  function readVariable(name: string): Reading {
    const known = variables.get(name);
    if (known !== undefined) return known;
    const reading = usable(options.env[name]);
    variables.set(name, reading);
    return reading;
  }

  function readFile(path: string): Reading {
    const at = now();
    const known = files.get(path);
    // The other half of the condition is a clock that was set back.
    if (known !== undefined && at - known.checkedAt < CHECK_INTERVAL_MS && at >= known.checkedAt)
      return known.reading; // (SR3)
    const stats = statOf(path);
    const stamp = stampOf(stats);
    if (known !== undefined && stamp === known.stamp) {
      known.checkedAt = at;
      known.problem = null;
      return known.reading;
    }
    const reading = readSecretFile(path);
    if ('problem' in reading && known !== undefined && 'value' in known.reading) {
      if (reading.problem !== known.problem)
        options.onFileProblem?.(`file ${path} ${reading.problem}; the last good secret stays in force`);
      known.checkedAt = at;
      known.problem = reading.problem;
      return known.reading; // (SR4)
    }
    files.set(path, stateOf(reading, stats, at));
    return reading;
  }

  const told = (ref: SecretRef, { problem }: Missing, isOthers: boolean) =>
    problem + (options.production || 'file' in ref ? '' : DEVELOPMENT_ADVICE[isOthers ? 'set' : 'made']);
  const read = (ref: SecretRef): Reading => ('env' in ref ? readVariable(ref.env) : readFile(ref.file));

  function findingsOf({ ref, check, path, owner, isOthers }: SecretPlace): SecretFinding[] {
    const reading = read(ref);
    const problem = 'problem' in reading ? told(ref, reading, isOthers === true) : problemOf(reading, check);
    return problem === null ? [] : [{ path, owner, message: `${nameOf(ref)} ${problem}` }];
  }
  const secretFindings = (config: AcklineConfig, providers: KnownProviders): SecretFinding[] => [
    ...secretPlaces(config, providers).flatMap(findingsOf),
    ...config.destinations.flatMap(tlsFindings),
  ];

  return {
    secretFindings,
    changedAt: refs => refs.map(ref => ('env' in ref ? null : (files.get(ref.file)?.changedAt ?? null))),
    resolve(refs) {
      return refs.map(ref => {
        const reading = read(ref);
        if ('value' in reading) return reading.value; // (SR2)
        throw new AppError('ACKLINE_SECRET_MISSING', `${nameOf(ref)} ${told(ref, reading, false)}`);
      });
    },
    checkSecrets: (config, providers) => refuse(secretFindings(config, providers)),
  };
}

function refuse(findings: readonly SecretFinding[]): void {
  const problems = findings.map(({ message, owner }) => `${message} (${owner})`);
  if (problems.length > 0) throw new AppError('ACKLINE_SECRET_MISSING', problems.join('\n'));
}

/** Whoever reads it has most likely just added a source or a handler: a process gets its environment when it starts. */
const DEVELOPMENT_ADVICE = {
  made: ': restart `npm start`, which makes one up',
  set: ': set it, or add a line to dev.env of the data directory, and restart `npm start`',
} as const;

interface SecretPlace {
  readonly ref: SecretRef;
  readonly path: SecretFinding['path'];
  readonly owner: string;
  /** True, or what is wrong with the form. */
  readonly check: (secret: string) => true | string;
  /** It is of somebody else's service, so that nobody here can make one up. */
  readonly isOthers?: true;
}

const anySecret = () => true as const;

function secretPlaces(config: AcklineConfig, providers: KnownProviders): SecretPlace[] {
  const inbound = config.sources.flatMap((source, at) => [
    ...source.secrets.map((ref, index) => ({
      ref,
      path: ['sources', at, 'secrets', index],
      owner: `source ${source.name}, secrets[${index}]`,
      check: (secret: string) => providerOf(source, providers)?.checkSecret(secret) ?? true,
    })),
    ...source.verifyTokens.map((ref, index) => ({
      ref,
      path: ['sources', at, 'verifyTokens', index],
      owner: `source ${source.name}, verifyTokens[${index}]`,
      check: checkVerifyToken,
    })),
  ]);
  const outbound = config.destinations.flatMap((destination, at) =>
    destination.signingSecret === null
      ? []
      : [
          {
            ref: destination.signingSecret,
            path: ['destinations', at, 'signingSecret'],
            owner: `destination ${destination.name}, signingSecret`,
            check: checkSigningSecret,
          },
        ],
  );
  return [
    ...inbound,
    ...outbound,
    ...config.destinations.flatMap(headerPlaces),
    ...config.destinations.flatMap(loginPlaces),
    ...config.destinations.flatMap(handlerPlaces),
  ];
}

function headerPlaces(destination: AcklineConfig['destinations'][number], at: number): SecretPlace[] {
  return secretHeaders(destination).map(([name, ref]) => ({
    ref,
    path: ['destinations', at, 'headers', name],
    owner: `destination ${destination.name}, headers.${name}`,
    check: checkHeaderValue,
    isOthers: true,
  }));
}

function loginPlaces(destination: AcklineConfig['destinations'][number], at: number): SecretPlace[] {
  if (destination.type !== 'kafka' || destination.sasl === null) return [];
  return [
    {
      ref: destination.sasl.password,
      path: ['destinations', at, 'sasl', 'password'],
      owner: `destination ${destination.name}, sasl.password`,
      check: checkPassword,
      isOthers: true,
    },
  ];
}

/** Kafka's logins end at a NUL; a line break is what a copy left. */
function checkPassword(password: string): true | string {
  return !/[\0\r\n]/.test(password) || 'it must be one line';
}

function handlerPlaces(destination: AcklineConfig['destinations'][number], at: number): SecretPlace[] {
  if (destination.type !== 'handler') return [];
  return Object.entries(destination.secrets).map(([name, ref]) => ({
    ref,
    path: ['destinations', at, 'secrets', name],
    owner: `destination ${destination.name}, secrets.${name}`,
    check: anySecret,
    isOthers: true,
  }));
}

/** Keys are secrets, and what else is read beside them is as needed. */
function tlsFindings(destination: AcklineConfig['destinations'][number], at: number): SecretFinding[] {
  if (destination.type !== 'kafka' || destination.tls === null) return [];
  const { name, tls } = destination;
  return tlsFileProblems(tls).map(({ file, problem }) => ({
    path: ['destinations', at, 'tls', file],
    owner: `destination ${name}, tls.${file}`,
    message: `file ${tls[file]} ${problem}`,
  }));
}

/** The form of a verify token: any text, but a provider never shows what a copy left at its ends. */
export function checkVerifyToken(token: string): true | string {
  return token === token.trim() || 'it must not begin or end with white space';
}

function problemOf(reading: Found, check: SecretPlace['check']): string | null {
  const verdict = check(reading.value);
  if (verdict === true) return null;
  return verdict.includes(reading.value) ? 'has the wrong form' : `has the wrong form: ${verdict}`; // (SR1)
}

/** The form of a destination's signing secret; says what is wrong, and nothing of the secret. */
export function checkSigningSecret(secret: string): true | string {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const length = base64 === undefined ? 0 : Buffer.from(base64, 'base64').length;
  if (length >= MIN_SIGNING_BYTES && length <= MAX_SIGNING_BYTES) return true;
  return `it must be "whsec_" and ${MIN_SIGNING_BYTES} to ${MAX_SIGNING_BYTES} bytes in base64`;
}

function nameOf(ref: SecretRef): string {
  return 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
}

function usable(value: string | undefined): Reading {
  if (value === undefined) return { problem: 'is not set' };
  return value.trim() === '' ? { problem: 'is empty' } : { value }; // (SR1)
}

/** Changes when the file does; a replaced symbolic link (as Kubernetes updates secrets) is another inode. */
function stampOf(stats: Stats | null): string {
  return stats === null ? 'none' : `${stats.ino}/${stats.mtimeMs}/${stats.size}`;
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // the read that follows says why
  }
}

function readSecretFile(path: string): Reading {
  try {
    const bytes = readBounded(path);
    if (bytes === null) return { problem: `is no file, or over ${MAX_SECRET_BYTES} bytes` };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return usable(text.replace(/\r?\n$/, ''));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { problem: code === 'ENOENT' ? 'does not exist' : `can not be read (${code})` };
  }
}

/** null where it is no regular file (a pipe would wait for ever) or too large. */
function readBounded(path: string): Uint8Array | null {
  if (!statSync(path).isFile()) return null;
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size > MAX_SECRET_BYTES) return null;
    const bytes = Buffer.alloc(MAX_SECRET_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const bytesRead = readSync(file, bytes, length, bytes.length - length, null);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
    return null;
  } finally {
    closeSync(file);
  }
}
