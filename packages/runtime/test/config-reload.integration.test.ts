import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ConfigReload, connectConfigReload } from '@ackline/runtime/config-reload';
import { registerConfigFigures } from '@ackline/runtime/config-metrics';
import { createMetricFactory } from '@ackline/runtime/metric-factory';
import { createMetrics } from '@ackline/runtime/metrics';
import { AppError } from '@ackline/shared/app-error';
import { waitFor } from '@ackline/testkit/wait-for';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-reload-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A file is good when it starts with "good"; its first line is what is in force. */
async function watch(path: string, { retryEveryMs = 60_000 } = {}) {
  const lines: { event: string; problems?: readonly string[] }[] = [];
  const keep = (fields: object, event: string) => void lines.push({ ...fields, event });
  let loads = 0;
  const told: string[] = [];
  const reload: ConfigReload<string> = await connectConfigReload({
    path,
    load: async () => {
      loads += 1;
      const text = await readFile(path, 'utf8').catch(() => {
        throw new AppError('ACKLINE_CONFIG_UNREADABLE', `${path}: can not be read`);
      });
      if (!text.startsWith('good'))
        throw new AppError('ACKLINE_CONFIG_INVALID', `${path}:1:1  bad\n${path}:2:1  bad too`);
      return text;
    },
    onReloaded: current => void told.push(current),
    log: { info: keep, error: keep } as never,
    lookEveryMs: 5,
    retryEveryMs,
  });
  const stop = new AbortController();
  const running = reload.run(stop.signal);
  const registry = createMetrics({ service: 'test', processMetrics: false });
  registerConfigFigures(createMetricFactory(registry), reload);
  return {
    reload,
    metrics: () => registry.metrics(),
    lines,
    told,
    loads: () => loads,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** What is in force after the start, and after a SIGHUP, of a file whose second half comes once somebody has looked at the first. */
async function readHalves(name: string) {
  const path = join(folder, name);
  await writeFile(path, 'good half');
  let onLooked = () => undefined as void;
  const loaded: string[] = [];
  const connect = () =>
    connectConfigReload({
      path,
      load: async () => {
        const text = await readFile(path, 'utf8');
        loaded.push(text);
        return text;
      },
      log: { info: () => undefined, error: () => undefined },
      lookEveryMs: 5,
      // Asked for behind each first look; so long ago that nothing is settled by its age.
      now() {
        onLooked();
        return 0;
      },
    });
  return { path, loaded, connect, onLooked: (listener: () => void) => void (onLooked = listener) };
}

describe('a configuration file that is being written', () => {
  it('is not taken by a start before it is whole', async () => {
    const { path, loaded, connect, onLooked } = await readHalves('start');
    onLooked(() => {
      onLooked(() => undefined);
      writeFileSync(path, 'good half, and the other');
    });
    const reload = await connect();
    assert.equal(reload.current, 'good half, and the other');
    assert.deepEqual(loaded, ['good half, and the other']);
  });

  it('is not taken by a signal before it is whole', async () => {
    const { path, loaded, connect, onLooked } = await readHalves('signal');
    const reload = await connect();
    writeFileSync(path, 'good one');
    let asked = 0;
    onLooked(() => {
      asked += 1;
      if (asked === 2) writeFileSync(path, 'good one, and another'); // the first time is that of the try
    });
    await reload.reload();
    assert.equal(reload.current, 'good one, and another');
    assert.deepEqual(loaded, ['good half', 'good one, and another']);
  });

  it('is waited for no longer than until it has not changed for a while', { timeout: 20_000 }, async () => {
    const path = join(folder, 'a-while');
    await writeFile(path, 'good');
    const lookEveryMs = 40_000;
    const { ctimeMs } = await stat(path);
    const reload = await connectConfigReload({
      path,
      load: () => readFile(path, 'utf8'),
      log: { info: () => undefined, error: () => undefined },
      lookEveryMs,
      now: () => ctimeMs + lookEveryMs - 5,
    });
    assert.equal(reload.current, 'good');
  });

  it('is not taken where it changed under the reading', async () => {
    const path = join(folder, 'under');
    await writeFile(path, 'good half');
    const taken: string[] = [];
    const reload = await connectConfigReload({
      path,
      load: async () => {
        const text = await readFile(path, 'utf8');
        if (taken.length === 0) await writeFile(path, 'good half, and the other');
        taken.push(text);
        return text;
      },
      log: { info: () => undefined, error: () => undefined },
      lookEveryMs: 5,
    });
    assert.equal(reload.current, 'good half, and the other');
    assert.deepEqual(taken, ['good half', 'good half, and the other']);
  });

  it('is refused where that has no end, and what is in force stays', async () => {
    const path = join(folder, 'endless');
    await writeFile(path, 'good 1');
    await using watched = await watch(path);
    const writer = new AbortController();
    const writing = keepWriting(path, writer.signal);
    try {
      await waitFor(() =>
        watched.lines.some(({ problems = [] }) => /endless: changes all the time/.test(problems.join())),
      );
    } finally {
      writer.abort();
      await writing;
    }
    assert.match(watched.reload.current, /^good/);
    await waitFor(() => watched.reload.state.error === null);
  });
});

/** Longer by a byte each time, so that no two looks see the same. */
async function keepWriting(path: string, signal: AbortSignal): Promise<void> {
  for (let text = 'good'; !signal.aborted; text += '.') await writeFile(path, text);
}

describe('a configuration file that changes while the process runs', () => {
  it('is taken without a signal', async () => {
    const path = join(folder, 'changed');
    await writeFile(path, 'good 1');
    await using watched = await watch(path);
    await writeFile(path, 'good two');
    await waitFor(() => watched.reload.current === 'good two');
    assert.equal(watched.reload.state.error, null);
    assert.deepEqual(watched.told, ['good two'], 'once, and not of the first reading');
    assert.deepEqual(
      watched.lines.map(line => line.event),
      ['config.reloaded'],
    );
  });

  it('leaves the old one in force while it is bad, says so once, and is taken when it is good again', async () => {
    const path = join(folder, 'bad');
    await writeFile(path, 'good 1');
    await using watched = await watch(path, { retryEveryMs: 10 });
    const { loadedAt } = watched.reload.state;
    await writeFile(path, 'nonsense');
    await waitFor(() => watched.reload.state.refused >= 4);
    assert.equal(watched.reload.current, 'good 1');
    assert.deepEqual(watched.told, []);
    const { refused, ...state } = watched.reload.state;
    assert.deepEqual(state, { loadedAt, error: 'ACKLINE_CONFIG_INVALID', reloaded: 0 });
    assert.ok(watched.loads() > refused, 'each reading is counted once');
    assert.match(await watched.metrics(), /ackline_config_refused\{service="test"\} 1\n/);
    assert.deepEqual(watched.lines, [
      {
        configFile: path,
        code: 'ACKLINE_CONFIG_INVALID',
        problems: [`${path}:1:1  bad`, `${path}:2:1  bad too`],
        event: 'config.refused',
      },
    ]);
    await writeFile(path, 'good 3');
    await waitFor(() => watched.reload.current === 'good 3');
    assert.equal(watched.reload.state.error, null);
    const metrics = await watched.metrics();
    assert.match(metrics, /ackline_config_refused\{service="test"\} 0\n/);
    // Seen half written it may be refused, and reloaded, more than once.
    assert.match(metrics, /ackline_config_reloads_total\{result="reloaded",service="test"\} [1-9]/);
    assert.match(metrics, /ackline_config_loaded_timestamp_seconds\{service="test"\} 1\d{9}/);
  });

  it('is noticed behind the swapped symbolic links of a ConfigMap', async () => {
    const mount = join(folder, 'mount');
    for (const [version, text] of [
      ['..1', 'good 1'],
      ['..2', 'good 2'],
    ] as const) {
      await mkdir(join(mount, version), { recursive: true });
      await writeFile(join(mount, version, 'ackline.yaml'), text);
    }
    await symlink('..1', join(mount, '..data'));
    await symlink('..data/ackline.yaml', join(mount, 'ackline.yaml'));
    await using watched = await watch(join(mount, 'ackline.yaml'));
    await symlink('..2', join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    await waitFor(() => watched.reload.current === 'good 2');
  });

  it('stays in force when it is deleted', async () => {
    const path = join(folder, 'deleted');
    await writeFile(path, 'good 1');
    await using watched = await watch(path);
    await rm(path);
    await waitFor(() => watched.reload.state.error === 'ACKLINE_CONFIG_UNREADABLE');
    assert.equal(watched.reload.current, 'good 1');
  });

  it('is read once for many signals that come together', async () => {
    const path = join(folder, 'signals');
    await writeFile(path, 'good 1');
    await using watched = await watch(path);
    await Promise.all(Array.from({ length: 50 }, () => watched.reload.reload()));
    assert.ok(watched.loads() <= 3, `${watched.loads()} readings`);
  });
});
