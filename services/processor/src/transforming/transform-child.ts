// The process that evaluates expressions of routes, one at a time: see transform-process.ts for its bounds.
import { filterDocument } from '@ackline/shared/routing/filter-document';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';
import {
  compileTransform,
  describeFailure,
  evaluateTransform,
  rawNumber,
  type TransformExpression,
  type TransformInput,
} from '@ackline/shared/routing/transform';
import type { TransformAnswer, TransformRequest } from './transform-job.ts';

/** More routes than most files have; then all of them are compiled anew, in well under a millisecond each. */
const MAX_COMPILED = 200;

const compiled = new Map<string, TransformExpression>();

function expressionOf(text: string): TransformExpression {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  const expression = compileTransform(text);
  compiled.set(text, expression);
  return expression;
}

function inputOf(event: RoutableEvent): TransformInput {
  const document = filterDocument(event);
  const { source, tenant, type, provider } = event;
  // Without a prototype, so that a header may have any name.
  const headers = Object.create(null) as Record<string, unknown>;
  for (const [name] of event.headers) headers[name.toLowerCase()] = document.header(name.toLowerCase());
  return { source, tenant, type, provider, body: document.body, headers };
}

async function answer({ expression, event }: TransformRequest): Promise<TransformAnswer> {
  try {
    const result = await evaluateTransform(expressionOf(expression), inputOf(event));
    return result.kind === 'done' ? result : { kind: 'failed', reason: result.kind, detail: null };
  } catch (error) {
    return { kind: 'failed', reason: 'error', detail: describeFailure(error, expression) };
  }
}

function tell(message: TransformAnswer): void {
  process.send?.(message);
}

// `$string` and `&` write with JSON.stringify, which knows no bigint: long ids keep all their digits there too.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return rawNumber(this);
  },
});
process.on('message', (request: TransformRequest) => void answer(request).then(tell));
process.on('disconnect', () => process.exit());
tell('ready');
