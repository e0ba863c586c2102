import { X509Certificate } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** What a client proves servers, and itself, with. PEM files; null: the system's authorities, and no certificate of its own. */
export interface TlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

export interface TlsFileProblem {
  readonly file: keyof TlsFiles;
  /** After the file's name: "can not be read (ENOENT)". */
  readonly problem: string;
}

export interface TlsIdentity {
  /** False: the server is proven, and the client shows no certificate. */
  readonly hasCertificate: boolean;
  /**
   * Of a new connection. Files that have changed are read again; while they can not be used (half of a pair is there, say), what they
   * held last stays in force. Never throws (the clients would not catch it): while they never could, it trusts nobody.
   */
  context(): SecureContext;
  /** Why files that have changed can not be used, by name and without what is in them; null: they can. */
  problem(): string | null;
}

/** The bundle of a system has some 200 KiB. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const CERTIFICATES = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

export function openTlsIdentity(files: TlsFiles): TlsIdentity {
  let stamp: string | null = null;
  let made: SecureContext | null = null;
  let problem: string | null = null;

  function look(): void {
    const found = stampOf(files);
    if (found === stamp) return;
    const read = readContext(files);
    if (!Array.isArray(read)) [stamp, made, problem] = [found, read, null];
    else problem = read.map(one => `${files[one.file]} ${one.problem}`).join('; ');
  }

  return {
    hasCertificate: files.certFile !== null,
    context() {
      look();
      return made ?? createSecureContext({ ca: [] });
    },
    problem() {
      look();
      return problem;
    },
  };
}

/** Each file that can not be used, and why; none where they can. */
export function tlsFileProblems(files: TlsFiles): readonly TlsFileProblem[] {
  const read = readContext(files);
  return Array.isArray(read) ? read : [];
}

function readContext(files: TlsFiles): SecureContext | TlsFileProblem[] {
  const problems: TlsFileProblem[] = [];
  const textOf = (file: keyof TlsFiles): string | undefined => {
    const path = files[file];
    const read = path === null ? {} : readText(path);
    if (read.problem !== undefined) problems.push({ file, problem: read.problem });
    return read.text;
  };
  const [ca, cert, key] = [textOf('caFile'), textOf('certFile'), textOf('keyFile')];
  if (ca !== undefined && !areCertificates(ca)) problems.push({ file: 'caFile', problem: NO_CERTIFICATE });
  if (cert !== undefined && !areCertificates(cert))
    problems.push({ file: 'certFile', problem: NO_CERTIFICATE });
  if (problems.length > 0) return problems;
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch {
    return [
      { file: 'keyFile', problem: 'is not the key of the certificate, in PEM and without a pass phrase' },
    ];
  }
}

const NO_CERTIFICATE = 'is no certificate in PEM';

function areCertificates(text: string): boolean {
  try {
    const found = text.match(CERTIFICATES) ?? [];
    return found.map(pem => new X509Certificate(pem)).length > 0;
  } catch {
    return false;
  }
}

function readText(path: string): { readonly text?: string; readonly problem?: string } {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { problem: 'is no file' }; // a pipe would wait for ever
    if (stats.size > MAX_FILE_BYTES) return { problem: `is over ${MAX_FILE_BYTES} bytes` };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { problem: code === 'ENOENT' ? 'does not exist' : `can not be read (${code})` };
  }
}

/** Another one after a change of any file; a replaced symbolic link (as Kubernetes updates secrets) is another inode. */
function stampOf(files: TlsFiles): string {
  return [files.caFile, files.certFile, files.keyFile]
    .map(path => {
      const stats = path === null ? null : statOf(path);
      return stats === null ? '' : `${stats.ino}/${stats.mtimeMs}/${stats.size}`;
    })
    .join(' ');
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // the read that follows says why
  }
}
