// Run by `helm test` in a pod: asks the ingress through its Service. Exit 1 where an answer is another than it should be.
const [url] = process.argv.slice(-1);
const problems = [];

const health = await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) });
const { status } = await health.json();
console.log(`GET ${url}/health: ${health.status} ${status}`);
if (health.status !== 200) problems.push('no event log takes events now: /health says which');

// Nobody may post without being known: a path of no source is refused, and stored by nobody.
const refused = await fetch(`${url}/helm-test-of-no-source`, {
  method: 'POST',
  body: '{}',
  signal: AbortSignal.timeout(10_000),
});
console.log(`POST to a path of no source: ${refused.status}`);
if (refused.status !== 404) problems.push(`it should be 404, with the code ACKLINE_NOT_FOUND`);

for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
