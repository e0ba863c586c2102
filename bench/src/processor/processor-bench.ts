import { commit } from '../ackline.ts';
import { type EndToEnd, endToEnd } from './end-to-end-part.ts';
import { type Million, million } from './million-part.ts';
import { openSession, type ProcessorBenchOptions } from './session.ts';
import { type StoreRate, storeRate } from './store-rate-part.ts';

/** What `--parts` can choose from, in the order in which they run. */
export const PARTS = ['store-rate', 'end-to-end', 'million'] as const;
export type Part = (typeof PARTS)[number];

export interface ProcessorFigures {
  readonly version: string;
  readonly storeRate: StoreRate | null;
  readonly endToEnd: EndToEnd | null;
  readonly million: Million | null;
}

export async function runProcessorBench(
  options: ProcessorBenchOptions & { readonly parts: readonly Part[] },
): Promise<ProcessorFigures> {
  await using stack = new AsyncDisposableStack();
  const session = await openSession(options, stack);
  const has = (part: Part): boolean => options.parts.includes(part);
  return {
    version: `${commit()}, Node ${process.versions.node}`,
    storeRate: has('store-rate') ? await storeRate(session) : null,
    endToEnd: has('end-to-end') ? await endToEnd(session) : null,
    million: has('million') ? await million(session) : null,
  };
}
