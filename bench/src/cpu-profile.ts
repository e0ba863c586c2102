import { readFileSync } from 'node:fs';

/** As V8 writes it (`node --cpu-prof`). */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfileShare {
  readonly name: string;
  /** Of all time that was not idle, in [0, 1]. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly groups: readonly ProfileShare[];
  readonly functions: readonly ProfileShare[];
}

const SHOWN_FUNCTIONS = 40;
/** The first that matches the file's URL names the group. */
const GROUPS: readonly (readonly [group: string, url: RegExp])[] = [
  ['kafka client', /node_modules\/@platformatic\//],
  [
    'logs (pino)',
    /node_modules\/(pino|sonic-boom|thread-stream|safe-stable-stringify|quick-format|on-exit-leak)/,
  ],
  ['metrics (prom-client)', /node_modules\/(prom-client|tdigest|bintrees|@opentelemetry)/],
  ['express', /node_modules\/(express|router|finalhandler|on-finished|parseurl|path-to-regexp|debug|ms)\//],
  ['postgres client', /node_modules\/pg/],
  ['other packages', /node_modules\//],
  ['ours: ingress', /\/services\/ingress\//],
  ['ours: event log', /\/packages\/eventlog\//],
  ['ours: shared and others', /\/packages\//],
  ['node: http', /^node:(_http|http|internal\/http)/],
  ['node: net and streams', /^node:(net|internal\/streams?|_stream|stream|internal\/stream_base|events)/],
  [
    'node: timers, promises, ticks',
    /^node:(internal\/timers|timers|internal\/process|internal\/async_hooks|async_hooks)/,
  ],
  ['node: buffer, crypto', /^node:(buffer|crypto|internal\/(buffer|crypto))/],
  ['node: other', /^node:/],
];

/** Self times of the last `lastMs` of the profile: what was before is the start. */
export function summariseProfile(path: string, lastMs: number): ProfileSummary {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile;
  const self = new Map<number, number>();
  let left = lastMs * 1_000;
  for (let at = profile.samples.length - 1; at >= 0 && left > 0; at -= 1) {
    const id = profile.samples[at] ?? 0;
    const us = profile.timeDeltas[at] ?? 0;
    self.set(id, (self.get(id) ?? 0) + us);
    left -= us;
  }
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  let idle = 0;
  let busy = 0;
  for (const { id, callFrame } of profile.nodes) {
    const us = self.get(id) ?? 0;
    if (callFrame.functionName === '(idle)') {
      idle += us;
      continue;
    }
    busy += us;
    const group = groupOf(callFrame.functionName, callFrame.url);
    groups.set(group, (groups.get(group) ?? 0) + us);
    const name = `${callFrame.functionName || '(anonymous)'} ${shortUrl(callFrame.url)}:${callFrame.lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + us);
  }
  return {
    busyMs: busy / 1_000,
    idleMs: idle / 1_000,
    groups: largest(groups, busy, groups.size),
    functions: largest(functions, busy, SHOWN_FUNCTIONS),
  };
}

function groupOf(functionName: string, url: string): string {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (functionName === '(program)') return 'native and system calls ((program))';
  if (url === '') return 'built-ins of V8 and native functions';
  return GROUPS.find(([, pattern]) => pattern.test(url))?.[0] ?? 'other';
}

function largest(sums: ReadonlyMap<string, number>, total: number, count: number): ProfileShare[] {
  return [...sums]
    .map(([name, us]) => ({ name, share: us / total }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, count);
}

/** From the package or the source folder on. */
function shortUrl(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(services|packages)\//, '$1/');
}
