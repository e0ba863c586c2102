import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Found {
  readonly where: string;
  readonly version: string;
}

/** Null, or every place where a version differs from the others that must be equal to it. */
export function compareVersions(root: string): string | null {
  const read = (path: string): Manifest => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const workspaces = (read('package.json').workspaces ?? []).map(pattern => `${pattern}/package.json`);
  const paths = ['package.json', ...globSync(workspaces, { cwd: root }).sort()];
  const manifests = paths.map(path => ({ path, manifest: read(path) }));
  const problems = [
    differences('Node', nodeVersions(root, manifests)),
    differences('Ackline', acklineVersions(root, manifests)),
    notExact(manifests),
  ].flat();
  return problems.length === 0 ? null : problems.join('\n');
}

type Manifests = readonly { readonly path: string; readonly manifest: Manifest }[];

/** What runs on a developer's machine, what version managers install, and what is in the image. */
function nodeVersions(root: string, manifests: Manifests): Found[] {
  const pinned = Object.entries(
    manifests.find(({ path }) => path === 'package.json')?.manifest.optionalDependencies ?? {},
  )
    .filter(([name]) => name.startsWith('node-'))
    .map(([name, version]) => ({ where: `package.json: ${name}`, version }));
  const found = [
    { where: '.node-version', version: readFileSync(join(root, '.node-version'), 'utf8').trim() },
    ...pinned,
  ];
  const dockerfile = join(root, 'Dockerfile');
  if (!existsSync(dockerfile)) return found;
  const images = [...readFileSync(dockerfile, 'utf8').matchAll(/\bnode:(\d+\.\d+\.\d+)/g)];
  return [...found, ...images.map(([image, version = '']) => ({ where: `Dockerfile: ${image}`, version }))];
}

/** One version for code, image and chart. */
function acklineVersions(root: string, manifests: Manifests): Found[] {
  const found: Found[] = [];
  for (const { path, manifest } of manifests) {
    found.push({ where: path, version: manifest.version });
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
    for (const [name, version] of Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
      ...peerDependencies,
    })) {
      if (name.startsWith('@ackline/')) found.push({ where: `${path}: ${name}`, version });
    }
  }
  const chart = join(root, 'charts', 'ackline', 'Chart.yaml');
  if (!existsSync(chart)) return found;
  const fields = [...readFileSync(chart, 'utf8').matchAll(/^(version|appVersion): *"?([^"\s]+)/gm)];
  return [...found, ...fields.map(([, field, version = '']) => ({ where: `Chart.yaml: ${field}`, version }))];
}

function differences(what: string, found: readonly Found[]): string[] {
  const [first] = found;
  return found
    .filter(({ version }) => version !== first?.version)
    .map(
      ({ where, version }) => `${what} is ${version} in ${where}, but ${first?.version} in ${first?.where}`,
    );
}

/** A range lets npm choose, and it prefers versions that fit the Node that happens to run. */
function notExact(manifests: Manifests): string[] {
  return manifests.flatMap(({ path, manifest }) =>
    Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path}: ${name} is "${version}", not an exact version`),
  );
}
