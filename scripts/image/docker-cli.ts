import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Thrown with the sentence that the user reads. */
export class ImageError extends Error {}

/** A question to the engine; a build has none of these limits. */
const ASK_LIMIT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** An engine that does not answer this is none. */
const FIRST_ANSWER_LIMIT_MS = 15_000;
const PULL_LIMIT_MS = 600_000;

/** Runs `docker` and gives its standard output. Rejects with an ImageError that has Docker's own words. */
export async function docker(args: readonly string[], limitMs: number = ASK_LIMIT_MS): Promise<string> {
  try {
    const { stdout } = await run('docker', [...args], { timeout: limitMs, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout.trim();
  } catch (error) {
    throw new ImageError(`docker ${args[0]} failed: ${lastWords(error)}`, { cause: error });
  }
}

/** Throws, with what to do, where there is no Docker or no engine behind it. */
export async function checkDocker(): Promise<void> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: FIRST_ANSWER_LIMIT_MS });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new ImageError(
        'There is no `docker` on the PATH: install Docker, or a program that is called so.',
      );
    }
    throw new ImageError(
      `No Docker Engine answers: start it, or set DOCKER_HOST to where one listens. Docker says: ${lastWords(error)}`,
    );
  }
}

/** Whether the image is here, or could be brought here. */
export async function bringImage(image: string, limitMs: number = PULL_LIMIT_MS): Promise<boolean> {
  if (await hasImage(image)) return true;
  return docker(['pull', '--quiet', image], limitMs).then(
    () => true,
    () => false,
  );
}

export async function hasImage(image: string): Promise<boolean> {
  return docker(['image', 'inspect', '--format', '{{.Id}}', image]).then(
    () => true,
    () => false,
  );
}

/** A build with its progress on our standard error. `dockerfile`: given by standard input instead of from the folder. */
export async function dockerBuild(
  args: readonly string[],
  folder: string,
  dockerfile: string | null = null,
): Promise<void> {
  const words = ['build', ...(dockerfile === null ? [] : ['--file', '-']), ...args, folder];
  const child = spawn('docker', words, { stdio: ['pipe', 2, 2] });
  child.stdin?.end(dockerfile ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new ImageError('docker build failed; its reason is above.');
}

function lastWords(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  if (stderr !== '') return stderr.split('\n').slice(-3).join(' ');
  return error instanceof Error ? error.message : 'no reason';
}
