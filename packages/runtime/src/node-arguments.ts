/**
 * What Node is told when it starts a service (docs/decisions/0010-memory-of-a-process.md). Workers that a service forks
 * take them over.
 */
export const NODE_ARGUMENTS: readonly string[] = [
  // V8 takes objects that live as long as one request for long-lived ones, and puts all of their kind where only a full
  // collection finds them: without this a process grows by 1.6 KB with each webhook until then.
  '--no-allocation-site-pretenuring',
  // In MB. What is live between two collections is the requests in flight: 16, the default, keeps 50 MB for nothing.
  '--max-semi-space-size=4',
  // The Kafka client's timers print it once a process; it says nothing to an operator.
  '--disable-warning=TimeoutNegativeWarning',
];
