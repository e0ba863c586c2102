// `npm run lockfile`: completes package-lock.json after a dependency was added.
//
// npm leaves out the optional packages of other platforms that its registry does not serve (a mirror that holds one
// platform's), and `npm ci` then refuses the file, on every platform. The parent package names their exact versions, so
// the entries can be written without asking anybody. They carry no integrity: npm adds it where it can see the package.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What we use of an entry of package-lock.json. */
export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockEntries = Readonly<Record<string, LockEntry>>;

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
  'windows',
];
const CPU = ['arm64', 'x64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x'];
const LIBC: Readonly<Record<string, string>> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
};
/** Spellings of npm's own words. */
const ALIASES: Readonly<Record<string, string>> = { windows: 'win32', 64: 'x64' };

/** Every optional package that an entry names and the file lacks, as [path, entry]. */
export function missingEntries(packages: LockEntries): [path: string, entry: LockEntry][] {
  const missing: [string, LockEntry][] = [];
  for (const [path, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (isResolved(packages, path, name)) continue;
      missing.push([`node_modules/${name}`, entryFor(name, version, parent)]);
    }
  }
  return missing;
}

function isResolved(packages: LockEntries, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    if (packages[`${folder}/node_modules/${name}`] !== undefined) return true;
    if (!folder.includes('/node_modules/')) break;
  }
  return packages[`node_modules/${name}`] !== undefined;
}

function entryFor(name: string, version: string, parent: LockEntry): LockEntry {
  const words = name.split(/[/-]/).map(word => ALIASES[word] ?? word);
  const os = words.find(word => OS.includes(word));
  const cpu = words.find(word => CPU.includes(word));
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(
      `package-lock.json lacks ${name}@${version}, and its name does not tell the platform: add it by hand.`,
    );
  }
  const libc = words.map(word => LIBC[word]).find(word => word !== undefined);
  return {
    version,
    cpu: [cpu],
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

if (import.meta.main) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const lockfile = JSON.parse(readFileSync(path, 'utf8')) as { packages: LockEntries };
  const missing = missingEntries(lockfile.packages);
  const all = { ...lockfile.packages, ...Object.fromEntries(missing) };
  // npm sorts by path.
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(path, `${JSON.stringify({ ...lockfile, packages: sorted }, null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} entries added`);
}
