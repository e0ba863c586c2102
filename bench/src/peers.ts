import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPeer, NotInstallable, peerFolder, versionLine } from './install.ts';
import type { Preparation, Program, Stage, StartPlan } from './program.ts';
import { TOKEN } from './wire-request.ts';

const NODE = `Node ${process.versions.node}`;

/** What a user would pick instead, from the barest on. */
export const peers: readonly Program[] = [
  {
    name: 'node:http',
    meaning: { durable: false, text: 'the body was read' },
    prepare: () => Promise.resolve(nodePeer(peerFolder('node-http'), NODE)),
  },
  goPeer('Go + franz-go', {}),
  goPeer('Go + franz-go, no linger', { BENCH_LINGER: '0s' }),
  {
    name: 'Fluent Bit',
    meaning: { durable: false, text: 'in memory, before Kafka has it; not verified' },
    prepare: fluentBit,
  },
  bentoPeer('Bento', 'defaults.yaml'),
  bentoPeer('Bento, tuned', 'tuned.yaml'),
  {
    name: 'Express raw',
    meaning: { durable: false, text: 'the body was read' },
    prepare: cache => npmPeer(cache, 'express-raw', ['express']),
  },
  {
    name: 'Express + kafkajs',
    meaning: { durable: true, text: 'in Kafka with acks=all' },
    prepare: cache => npmPeer(cache, 'express-kafkajs', ['express', 'kafkajs']),
  },
  {
    name: 'FastAPI',
    meaning: { durable: false, text: 'in a queue in memory' },
    prepare: cache =>
      unlessImpossible(async () => {
        const folder = await installPeer(cache, 'fastapi', [
          { command: 'python3', args: ['-m', 'venv', 'venv'] },
          { command: 'venv/bin/pip', args: ['install', '--quiet', '-r', 'requirements.txt'] },
        ]);
        const pinned = readFileSync(join(folder, 'requirements.txt'), 'utf8');
        const versions = ['fastapi', 'uvicorn', 'orjson', 'uvloop'].map(
          name => `${name} ${new RegExp(`^${name}==(\\S+)$`, 'm').exec(pinned)?.[1] ?? '?'}`,
        );
        const python = (await versionLine('python3', ['--version'])) ?? 'Python';
        return programPeer(join(folder, 'venv/bin/python'), [join(folder, 'server.py')], {
          version: [python, ...versions].join(', '),
        });
      }),
  },
];

function goPeer(name: string, env: Readonly<Record<string, string>>): Program {
  return {
    name,
    meaning: { durable: true, text: 'in Kafka with acks=all' },
    prepare: cache =>
      unlessImpossible(async () => {
        const folder = await installPeer(cache, 'go-franz', [goBuild('go-franz')]);
        const go = (await versionLine('go', ['env', 'GOVERSION'])) ?? 'Go';
        return programPeer(join(folder, 'go-franz'), [], {
          version: `${go}, franz-go ${goVersion('go-franz')}`,
          env,
        });
      }),
  };
}

function bentoPeer(name: string, config: string): Program {
  return {
    name,
    meaning: { durable: true, text: 'in Kafka with acks=all; token compared, not in constant time' },
    prepare: cache =>
      unlessImpossible(async () => {
        const folder = await installPeer(cache, 'bento', [goBuild('bento')]);
        return programPeer(join(folder, 'bento'), ['-c', join(folder, config)], {
          version: `Bento ${goVersion('bento')}`,
        });
      }),
  };
}

async function unlessImpossible(prepare: () => Promise<Preparation>): Promise<Preparation> {
  try {
    return await prepare();
  } catch (error) {
    if (error instanceof NotInstallable) return { kind: 'unavailable', reason: error.message };
    throw error;
  }
}

function programPeer(
  command: string,
  args: readonly string[],
  { version, env }: { readonly version: string; readonly env?: Readonly<Record<string, string>> },
): Preparation {
  const plan = (stage: Stage, port: number): Promise<StartPlan> =>
    Promise.resolve({ command, args, env: { ...peerEnv(stage, port), ...env } });
  return { kind: 'ready', version, plan };
}

function nodePeer(folder: string, version: string): Preparation {
  return programPeer(process.execPath, [join(folder, 'server.mjs')], { version });
}

function npmPeer(cache: string, name: string, packages: readonly string[]): Promise<Preparation> {
  return unlessImpossible(async () => {
    const folder = await installPeer(cache, name, [
      { command: 'npm', args: ['ci', '--no-audit', '--no-fund', '--loglevel=error'] },
    ]);
    const versions = packages.map(each => {
      const path = join(folder, 'node_modules', each, 'package.json');
      return `${each} ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
    });
    return nodePeer(folder, [NODE, ...versions].join(', '));
  });
}

/** Every peer reads the same variables. */
function peerEnv(stage: Stage, port: number): Record<string, string> {
  return {
    NODE_ENV: 'production',
    BENCH_PORT: String(port),
    BENCH_TOKEN: TOKEN,
    BENCH_BROKERS: stage.brokers,
    BENCH_TOPIC: stage.topic,
  };
}

function goBuild(name: string) {
  return {
    command: 'go',
    args: ['build', '-trimpath', '-ldflags', '-s -w', '-o', name, '.'],
    env: { GOFLAGS: '-buildvcs=false' },
  };
}

/** Of the one package that the peer's go.mod asks for by itself. */
function goVersion(name: string): string {
  const goMod = readFileSync(join(peerFolder(name), 'go.mod'), 'utf8');
  return /^require \S+ (v\S+)$/m.exec(goMod)?.[1] ?? '?';
}

/** It has packages of its own only, for a few distributions: this run uses one that is installed, and installs none. */
async function fluentBit(): Promise<Preparation> {
  for (const command of ['fluent-bit', '/opt/fluent-bit/bin/fluent-bit']) {
    const version = await versionLine(command, ['--version']);
    if (version === null) continue;
    return programPeer(command, ['-c', join(peerFolder('fluent-bit'), 'fluent-bit.conf')], { version });
  }
  return {
    kind: 'unavailable',
    reason: 'no fluent-bit on the PATH or in /opt/fluent-bit (https://docs.fluentbit.io/manual/installation)',
  };
}
