/** What a handler's process takes over: how Node and the system work, and no secret of any source or store. */
const NAMES: readonly string[] = [
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_ENV',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'SYSTEMROOT',
  'TMPDIR',
];

/** For `ThreadPoolDeps.environment`. Handlers have their secrets from `ctx.secrets`. */
export function handlerEnvironment(
  given: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const known = NAMES.map(name => [name, given[name]] as const);
  return Object.fromEntries(known.filter((one): one is readonly [string, string] => one[1] !== undefined));
}
