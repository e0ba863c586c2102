/** What a handler's process takes over: how Node and the system work, and no secret of any source. */
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

/** What pg reads beside a connection string. */
const OF_PG = /^PG[A-Z]+$/;

/** Of what the processor has. `withPg`: for a destination with `connections`. Handlers have their secrets from `ctx.secrets`. */
export function handlerEnvironment(
  given: Readonly<Record<string, string | undefined>>,
  withPg: boolean,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const isTaken = NAMES.includes(name) || (withPg && OF_PG.test(name));
    if (isTaken && value !== undefined) environment[name] = value;
  }
  return environment;
}
