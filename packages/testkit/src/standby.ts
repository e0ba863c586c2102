import type { PostgresContainer } from './containers.ts';

/** A standby of the server, in its container: resolves once it streams. Commits wait for it where the server is told so. */
export async function startStandby(server: PostgresContainer): Promise<void> {
  await server.run(`
    pg_basebackup --no-password --username ackline --pgdata /tmp/standby --write-recovery-conf --checkpoint fast
    chmod 700 /tmp/standby
    pg_ctl --pgdata /tmp/standby --options '-p 5433 -c max_connections=200' --log /tmp/standby.log --wait start > /dev/null < /dev/null
    ${untilStreaming('walreceiver')}`);
}

/** One of its tools that receive its changes, for a backup or for another system: resolves once it streams, and goes on until the server ends. */
export async function startReceiver(
  server: PostgresContainer,
  tool: 'pg_receivewal' | 'pg_recvlogical',
  options: string,
): Promise<void> {
  const command = `${tool} --no-password --username ackline ${options}`;
  await server.run(
    `nohup ${command} > /tmp/${tool}.log 2>&1 < /dev/null &
    ${untilStreaming(tool)}`,
  );
}

function untilStreaming(name: string): string {
  const asked = `select state from pg_stat_replication where application_name = '${name}'`;
  return `until psql --username ackline --tuples-only --command "${asked}" | grep --quiet streaming; do sleep 0.1; done`;
}
