// A small disk for a container, which tests can fill: a Docker volume in memory, of a fixed size.
//
// Memory volumes are emptied when no container uses them any more; a helper holds it, so that a server that died of the
// full disk finds its files when it starts again.
import { randomBytes } from 'node:crypto';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { IMAGES, RUN_LABEL, RUN_VARIABLE } from './container-settings.ts';

export interface LimitedVolume extends AsyncDisposable {
  readonly name: string;
  /** Takes all that is free. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
}

const FOLDER = '/ackline-volume';
const FILLER = `${FOLDER}/filler`;

export async function startLimitedVolume(options: { readonly sizeMiB: number }): Promise<LimitedVolume> {
  const name = `ackline-test-${process.pid}-${randomBytes(4).toString('hex')}`;
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const labels = { [RUN_LABEL]: process.env[RUN_VARIABLE] ?? String(process.pid) };
  await dockerode.createVolume({
    Name: name,
    Driver: 'local',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: `size=${options.sizeMiB}m,mode=1777` },
    Labels: labels,
  });
  const helper = await new GenericContainer(IMAGES.postgres)
    .withCommand(['sleep', 'infinity'])
    .withBindMounts([{ source: name, target: FOLDER }])
    .withLabels(labels)
    .start();
  return {
    name,
    async fill() {
      // dd ends with an error: that is the point
      await helper.exec([
        'sh',
        '-c',
        `dd if=/dev/zero of=${FILLER} bs=64k 2>/dev/null; dd if=/dev/zero of=${FILLER}-rest bs=1k 2>/dev/null; true`,
      ]);
    },
    async free() {
      await helper.exec(['rm', '-f', FILLER, `${FILLER}-rest`]);
    },
    async [Symbol.asyncDispose]() {
      await dockerode.getContainer(helper.getId()).remove({ force: true, v: true });
      await dockerode.getVolume(name).remove({ force: true });
    },
  };
}
