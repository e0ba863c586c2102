import { words } from './words.ts';

/** Of Node's and of well-known packages, by the module that they come from: what computes or waits while the thread stands still. */
const WAITS: Readonly<Record<string, ReadonlySet<string>>> = {
  child_process: words('execSync execFileSync spawnSync'),
  crypto: words('pbkdf2Sync scryptSync generateKeyPairSync generatePrimeSync checkPrimeSync argon2Sync'),
  bcrypt: words('hashSync compareSync genSaltSync'),
  bcryptjs: words('hashSync compareSync genSaltSync'),
  execa: words('execaSync execaCommandSync'),
  'cross-spawn': words('sync'),
  deasync: words('sleep loopWhile runLoopOnce'),
  sleep: words('sleep usleep msleep'),
};
/** The module itself is such a function. */
const WAITING_MODULES = words('sync-request sync-fetch system-sleep deasync');

const FILE_MODULES: ReadonlySet<string> = new Set(['fs', 'fs-extra', 'graceful-fs']);
const COMPRESSION: ReadonlySet<string> = new Set(['zlib']);

/** Names that belong to nothing else: they count wherever their object came from (`this.fs.readFileSync`). */
const UNMISTAKABLE_IO =
  /^(?:read|write|append|copy|truncate|open|rm|unlink|rename|stat|lstat|readdir|readlink|mkdir|mkdtemp|exists|access|chmod|chown|utimes|cp|realpath|read(?:Json|JSON)|write(?:Json|JSON)|output(?:File|Json|JSON)|ensure(?:Dir|File)|emptyDir|remove|move|gzip|gunzip|deflate|inflate|brotliCompress|brotliDecompress|zstdCompress|zstdDecompress|unzip)(?:File)?Sync$/;
const UNMISTAKABLE_WAITS = words('execSync execFileSync spawnSync pbkdf2Sync scryptSync generateKeyPairSync');

export type Blocking = 'wait' | 'io';

/** What is known of a call by where its function comes from; null: it does not block. */
export function blockingOrigin(module: string | null, names: readonly string[]): Blocking | null {
  const name = names.at(-1) ?? '';
  if (module === null) return names.join('.') === 'Atomics.wait' ? 'wait' : null;
  if (WAITS[module]?.has(name) === true || (name === '' && WAITING_MODULES.has(module))) return 'wait';
  const isIo = FILE_MODULES.has(module) || COMPRESSION.has(module);
  return isIo && name.endsWith('Sync') ? 'io' : null;
}

/** What a method is whose object nobody knows. */
export function blockingName(name: string): Blocking | null {
  if (UNMISTAKABLE_WAITS.has(name)) return 'wait';
  return UNMISTAKABLE_IO.test(name) ? 'io' : null;
}
