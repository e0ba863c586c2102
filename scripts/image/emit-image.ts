// The same image with emitted JavaScript in place of the TypeScript sources, to compare with.
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './build-image.ts';
import { dockerBuild, ImageError } from './docker-cli.ts';

/** What the image has of sources. */
const SOURCES = ['packages/*/src/**/*.ts', 'services/*/src/**/*.ts'];
const OTHERS = [
  'packages/*/src/**/*.sql',
  'packages/*/package.json',
  'services/*/package.json',
  'packages/cli/bin/*.mjs',
];
const WARM = 'scripts/warm-compile-cache.ts';
/** Files that are started by their names: what the compiler does not rewrite. */
const STARTED = /(['"`])((?:\.\.?\/|services\/|\/src\/)[^'"`\s]*)\.ts\1/g;

/** `tag` is `image` with its TypeScript emitted: the same base, dependencies, launcher and way to warm the compile cache. */
export async function buildEmittedImage(tag: string, image: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ackline-emitted-'));
  try {
    emit(folder);
    await dockerBuild(['--tag', tag, '--build-arg', `IMAGE=${image}`], folder, DOCKERFILE);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const DOCKERFILE = `ARG IMAGE
FROM \${IMAGE}
USER 0:0
RUN rm -rf packages services .compile-cache && mkdir .compile-cache && chown 10001:10001 .compile-cache
COPY packages ./packages
COPY services ./services
COPY warm-compile-cache.mjs /warm/
USER 10001:10001
RUN node /warm/warm-compile-cache.mjs /app
USER 0:0
RUN chown -R 0:0 .compile-cache && chmod -R a+rX .compile-cache
USER 10001:10001
`;

function emit(folder: string): void {
  const config = join(folder, 'tsconfig.json');
  const files = globSync([...SOURCES, WARM], { cwd: ROOT })
    .filter(file => !file.startsWith('packages/testkit/'))
    .map(file => join(ROOT, file));
  const compilerOptions = {
    noEmit: false,
    rootDir: ROOT,
    outDir: folder,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, files }),
  );
  try {
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', config], { encoding: 'utf8' });
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new ImageError(`tsc could not emit the sources: ${said}`);
  }
  for (const file of globSync(OTHERS, { cwd: ROOT })) {
    if (file.startsWith('packages/testkit/')) continue;
    cpSync(join(ROOT, file), join(folder, file), { recursive: true });
  }
  for (const file of globSync(['packages/**/*.{js,mjs,json}', 'services/**/*.{js,json}'], { cwd: folder })) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    const rewritten = text.replaceAll(STARTED, '$1$2.js$1').replaceAll('./src/*.ts', './src/*.js');
    if (rewritten !== text) writeFileSync(path, rewritten);
  }
  cpSync(join(folder, WARM.replace(/\.ts$/, '.js')), join(folder, 'warm-compile-cache.mjs'));
}
