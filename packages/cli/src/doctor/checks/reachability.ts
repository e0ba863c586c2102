import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import { DAY_MS } from '@ackline/shared/config/units';
import { dataLayout } from '../../data-directory/layout.ts';
import { readRunning } from '../../data-directory/lock.ts';
import { requestJson } from '../bounded-json.ts';
import { type Examination, finding, publicUrlOf } from '../examination.ts';
import { type Examined, type Finding, joined, notLookedAt, only } from '../finding.ts';
import { healthFindings } from './health.ts';
import { problemText } from './problem-text.ts';

const LIMIT_MS = 10_000;
const MAX_BYTES = 1_048_576;
/** What renews certificates does so a month before their end; at two weeks it has failed. */
const ENDS_SOON_MS = 14 * DAY_MS;
/** Of one file. */
const MAX_URLS = 20;

/** The ingress that `ackline up` runs here, asked for its health. */
export async function examineIngress({ config, isProduction }: Examination): Promise<Examined> {
  const running = await readRunning(dataLayout(config.dataDir));
  if (running === null)
    return notLookedAt('the ingress', 'no `ackline up` runs here (--probe asks the one behind publicUrl)');
  try {
    const { body } = await requestJson(`${running.ingressUrl}/health`, { limitMs: LIMIT_MS });
    const findings = healthFindings(body, isProduction);
    return findings === null ? notLookedAt('the ingress', 'it answers no /health') : only(findings);
  } catch {
    return notLookedAt('the ingress', `it does not answer at ${running.ingressUrl}`);
  }
}

/** What providers see: the name, the certificate, and who answers there. */
export async function probePublicUrls({ acklineConfig, isProduction }: Examination): Promise<Examined> {
  if (acklineConfig === null) return notLookedAt('publicUrl', 'ackline.yaml can not be read');
  const urls = new Set(acklineConfig.sources.flatMap(source => publicUrlOf(source, acklineConfig) ?? []));
  if (urls.size === 0) return notLookedAt('publicUrl', 'none is declared');
  const probed = [...urls].slice(0, MAX_URLS).map(async url => only(await probe(url, isProduction)));
  return joined(await Promise.all(probed));
}

async function probe(publicUrl: string, isProduction: boolean): Promise<readonly Finding[]> {
  try {
    const { status, body, certificateEndsAt } = await ask(new URL(`${publicUrl}/health`));
    const ours = healthFindings(jsonOf(body), isProduction);
    return [
      ...(ours ?? [
        finding('url-not-ours', publicUrl, `/health is answered ${status}, and not by an ingress`),
      ]),
      ...endFindings(publicUrl, certificateEndsAt),
    ];
  } catch (error) {
    return [finding('url-unreachable', publicUrl, problemText(error))];
  }
}

function endFindings(publicUrl: string, endsAt: number | null): readonly Finding[] {
  const leftMs = endsAt === null ? Number.POSITIVE_INFINITY : endsAt - Date.now();
  if (leftMs >= ENDS_SOON_MS) return [];
  const days = Math.max(0, Math.floor(leftMs / DAY_MS));
  return [finding('certificate-ends', publicUrl, `its certificate ends in ${days} days`)];
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Epoch milliseconds; null: there is no TLS. */
  readonly certificateEndsAt: number | null;
}

/** By Node's own client, which shows the certificate. */
function ask(url: URL): Promise<Answer> {
  const options = { agent: false, signal: AbortSignal.timeout(LIMIT_MS) } as const;
  return new Promise((resolve, reject) => {
    const request: ClientRequest =
      url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    request.on('error', reject);
    request.on('response', response => {
      const { socket } = response;
      const ends =
        socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
      const certificateEndsAt = Number.isNaN(ends) ? null : ends;
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MAX_BYTES) chunks.push(chunk);
        else response.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          certificateEndsAt,
        });
      });
    });
    request.end();
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
