/** What drivers and the system report where PostgreSQL can't be reached, or refuses the login. */
const CODES =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|57P0[1-4]|53300|28P01|28000|3D000)$/;
const WORDS = /timeout (exceeded|expired)|Query read timeout|terminated unexpectedly|Connection terminated/i;

/** Whether a statement failed since PostgreSQL does not answer, or lets nobody in. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return CODES.test(code) || WORDS.test(error.message);
}
