import type { Environment } from '@ackline/runtime/environment';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import type { ConfigPath } from '@ackline/shared/config/yaml-source';
import type { CliConfig } from '../config.ts';
import type { InspectedSetup } from '../config-setup.ts';
import type { Finding } from './finding.ts';
import type { FindingId } from './finding-rows.ts';

/** What all parts of the examination go by. */
export interface Examination {
  readonly config: CliConfig;
  readonly isProduction: boolean;
  /** As it may be shown. */
  readonly fileName: string;
  readonly setup: InspectedSetup | null;
  /** null: the file can not be read, or has the wrong form. */
  readonly acklineConfig: AcklineConfig | null;
  /** What secrets are read from. */
  readonly secretEnvironment: Environment;
}

/** About what a path of ackline.yaml says. */
export function findingAt(
  { setup, fileName }: Pick<Examination, 'setup' | 'fileName'>,
  { id, path, subject, what }: Pick<Finding, 'id' | 'subject' | 'what'> & { readonly path: ConfigPath },
): Finding {
  const place = setup === null ? null : { file: fileName, ...setup.file.placeOf(path) };
  return { id, place, subject, what };
}

export function finding(id: FindingId, subject: string | null, what: string): Finding {
  return { id, place: null, subject, what };
}

/** The base URL that its provider calls; null: none is known. */
export function publicUrlOf(
  source: SourceConfig,
  { publicUrl }: Pick<AcklineConfig, 'publicUrl'>,
): string | null {
  return source.publicUrl ?? publicUrl;
}

const PRIVATE_NAME =
  /(?:^localhost|^[^.]+|\.(?:local|localhost|internal|lan|home|corp|svc|test|example|invalid))$/i;
const PRIVATE_ADDRESS =
  /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.|\[(?:::1|f[cd]|fe80))/i;

/** A host that is known, or reached, inside a network only. */
export function isPrivateHost(hostname: string): boolean {
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.startsWith('[');
  return isAddress ? PRIVATE_ADDRESS.test(hostname) : PRIVATE_NAME.test(hostname);
}
