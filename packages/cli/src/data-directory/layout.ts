import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ackline/shared/app-error';

/** Where things lie in the data directory (`.ackline/`). Files with secrets are readable by their owner only. */
export interface DataLayout {
  readonly root: string;
  /** Held by a running `up`, and by whatever else starts the embedded server. */
  readonly lock: string;
  /** What a running `up` tells other commands. */
  readonly upState: string;
  /** Generated development secrets. */
  readonly devEnv: string;
  readonly postgres: string;
  readonly logs: string;
  /** Of the ingress: events that neither Kafka nor PostgreSQL took yet. */
  readonly spool: string;
}

export function dataLayout(root: string): DataLayout {
  return {
    root,
    lock: join(root, 'up.lock'),
    upState: join(root, 'up.json'),
    devEnv: join(root, 'dev.env'),
    postgres: join(root, 'postgres'),
    logs: join(root, 'logs'),
    spool: join(root, 'spool'),
  };
}

/** Makes the directory, with a `.gitignore` of its own so that no secret is ever committed. Rejects with ACKLINE_DATA_DIRECTORY. */
export async function prepareDataDirectory(layout: DataLayout): Promise<void> {
  try {
    await mkdir(layout.logs, { recursive: true, mode: 0o755 });
    await chmod(layout.logs, 0o700);
    await writeFile(join(layout.root, '.gitignore'), '*\n');
  } catch (error) {
    throw new AppError(
      'ACKLINE_DATA_DIRECTORY',
      `${layout.root} can not be written (${error instanceof Error ? error.message : 'unknown reason'})`,
      { cause: error },
    );
  }
}
