import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringImage, docker, dockerBuild, hasImage, ImageError } from './docker-cli.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Names another base image: a mirror of it, or what a machine without a registry has. */
const NODE_IMAGE_VARIABLE = 'ACKLINE_NODE_IMAGE';
/** In the image. */
export const SBOM_PATH = '/app/sbom.cdx.json';

export interface ImageBuild {
  readonly tag: string;
  readonly nodeImage: string;
  readonly version: string;
  readonly revision: string;
  /** For the label `source`; null: none. */
  readonly source: string | null;
  /** Says something only where it fails. */
  readonly isQuiet?: boolean;
}

export interface Layer {
  readonly bytes: number;
  /** The instruction that made it. */
  readonly createdBy: string;
}

/** What the Dockerfile says, unless the environment says otherwise. */
export function chosenNodeImage(): string {
  const named = process.env[NODE_IMAGE_VARIABLE] ?? '';
  return named === '' ? dockerfileNodeImage(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')) : named;
}

export function dockerfileNodeImage(dockerfile: string): string {
  const image = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1];
  if (image === undefined) throw new ImageError('The Dockerfile has no ARG NODE_IMAGE.');
  return image;
}

/**
 * For a test: the image that is chosen; where it is neither here nor can be pulled, one of the same major version that is here.
 * null: there is none.
 */
export async function findNodeImage(limitMs: number): Promise<string | null> {
  const chosen = chosenNodeImage();
  if (await bringImage(chosen, limitMs)) return chosen;
  const sameMajor = chosen.replace(/:(\d+)[^:]*$/, ':$1-slim');
  return (await hasImage(sameMajor)) ? sameMajor : null;
}

export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The commit, with `-dirty` where files differ from it; "unknown" outside a repository. */
export function readRevision(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '-dirty'}`;
  } catch {
    return 'unknown';
  }
}

export async function buildImage(build: ImageBuild): Promise<void> {
  const { tag, nodeImage, version, revision, source, isQuiet = false } = build;
  if (!(await bringImage(nodeImage))) {
    throw new ImageError(
      `The base image ${nodeImage} is not here and can not be pulled: name another with --node-image or ${NODE_IMAGE_VARIABLE}.`,
    );
  }
  const args = { NODE_IMAGE: nodeImage, VERSION: version, REVISION: revision };
  await dockerBuild(
    [
      ...(isQuiet ? ['--quiet'] : []),
      '--tag',
      tag,
      ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...(source === null ? [] : ['--label', `org.opencontainers.image.source=${source}`]),
    ],
    ROOT,
  );
}

export async function imageBytes(image: string): Promise<number> {
  return Number(await docker(['image', 'inspect', '--format', '{{.Size}}', image]));
}

/** The layers that are not of the base image, the first one first; those without bytes are left out. */
export async function ownLayers(image: string, base: string): Promise<Layer[]> {
  const [all, below] = await Promise.all([history(image), history(base)]);
  return all
    .slice(0, Math.max(0, all.length - below.length))
    .filter(({ bytes }) => bytes > 0)
    .reverse();
}

/** The last one first. */
async function history(image: string): Promise<Layer[]> {
  const lines = await docker([
    'history',
    '--no-trunc',
    '--human=false',
    '--format',
    '{{.Size}}\t{{.CreatedBy}}',
    image,
  ]);
  return lines.split('\n').map(line => {
    const [bytes = '0', ...createdBy] = line.split('\t');
    return { bytes: Number(bytes), createdBy: shortInstruction(createdBy.join(' ')) };
  });
}

/** Without what builders put around an instruction. */
export function shortInstruction(text: string): string {
  return text
    .replace(/^\/bin\/sh -c #\(nop\)\s*/, '')
    .replace(/# buildkit$/, '')
    .replace(/\b(dir|file|multi):([0-9a-f]{12})[0-9a-f]*/g, '$1:$2')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Of npm's list: what was installed. */
export async function countSbomComponents(image: string): Promise<number> {
  const text = await docker(['run', '--rm', '--entrypoint', 'cat', image, SBOM_PATH]);
  const { components = [] } = JSON.parse(text) as { components?: readonly unknown[] };
  return components.length;
}

/** A copy of the SBOM on this machine. */
export async function copySbom(image: string, path: string): Promise<void> {
  const container = await docker(['create', image]);
  try {
    await docker(['cp', `${container}:${SBOM_PATH}`, path]);
  } finally {
    await docker(['rm', '--force', container]);
  }
}
