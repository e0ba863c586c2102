/** An operator that makes one series of many, and what stands behind it. */
const AGGREGATION = /\b(sum|min|max|avg|count|group|stddev|stdvar|quantile)\b\s*(?=(.{0,40}))/gs;
const KEEPS_INSTALLATION = /^by \(namespace\b/;
/** A label of that name is no operator. */
const CALL = /^(?:by|without|\()/;

/** One Prometheus may scrape several installations, told apart by `namespace`: which aggregations of an alert add them up. */
export function installationProblems(expr: string): string[] {
  return [...expr.matchAll(AGGREGATION)]
    .map(([, operator = '', rest = '']) => ({ operator, rest }))
    .filter(({ rest }) => CALL.test(rest) && !KEEPS_INSTALLATION.test(rest))
    .map(
      ({ operator, rest }) => `${operator} ${rest.split('\n')[0]}… adds installations up: by (namespace, …)`,
    );
}
