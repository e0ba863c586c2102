// A flood from a process of its own, so that sending it delays nobody's clock but its own. Its options come as JSON in the
// first argument; it ends at SIGTERM, and says what came of it in one line of JSON.
import { isAccepted, type PacedLoadOptions, startPacedLoad } from '../paced-load.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as PacedLoadOptions;
const load = startPacedLoad(options);
process.once('SIGTERM', () => {
  void load.finish(0).then(() => {
    const statuses: Record<string, number> = {};
    for (const { status } of load.attempts)
      statuses[status ?? 'none'] = (statuses[status ?? 'none'] ?? 0) + 1;
    const accepted = load.attempts.filter(attempt => isAccepted(attempt.status)).length;
    process.stdout.write(
      `${JSON.stringify({ requests: load.attempts.length, accepted, statuses, acceptedIds: [...load.accepted] })}\n`,
      () => process.exit(0),
    );
  });
});
