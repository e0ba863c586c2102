import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@ackline/testkit/free-port';
import { waitFor } from '@ackline/testkit/wait-for';

/** OpenTelemetry's own Collector, built from its Go modules: it takes spans by OTLP/HTTP and sends them on. */
export interface Collector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly version: string;
}

const SOURCE = fileURLToPath(new URL('../collector', import.meta.url));
/** Its first build compiles some hundred packages; Go keeps what it compiled. */
const BUILD_LIMIT_MS = 900_000;
const run = promisify(execFile);

/** Throws where Go is not there, or its modules can't be had. */
export async function startCollector(forwardTo: string): Promise<Collector> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'ackline-collector-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const program = join(directory, 'otelcol');
  await run('go', ['build', '-o', program, '.'], { cwd: SOURCE, timeout: BUILD_LIMIT_MS });
  const { stdout: version } = await run(program, ['--version']);
  const port = await freePort();
  const configPath = join(directory, 'config.yaml');
  await writeFile(configPath, configText(port, forwardTo));
  const child = spawn(program, ['--config', configPath], { stdio: ['ignore', 'ignore', 'inherit'] });
  stack.defer(() => end(child));
  await waitFor(() => takesSpans(port), { what: 'the collector' });
  const owned = stack.move();
  return {
    url: `http://127.0.0.1:${port}`,
    version: version.trim(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** No spans are spans too. */
async function takesSpans(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(0),
  });
  return response.ok;
}

function configText(port: number, forwardTo: string): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: 127.0.0.1:${port} } } }
exporters:
  otlp_http: { endpoint: ${forwardTo}, compression: none }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http] }
`;
}
