import './problem-box.css';
import { problemOf } from '../api/call-error.ts';
import { Button } from './button.tsx';

export interface ProblemBoxProps {
  /** What was thrown. */
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** A call that did not do what it should, in the console's own words, with what to look for in its log. */
export function ProblemBox({ error, onRetry }: ProblemBoxProps) {
  const { title, detail, code, requestId } = problemOf(error);
  return (
    <div className="problem-box" role="alert">
      <strong>{title}</strong>
      {detail !== '' && detail !== title && <p>{detail}</p>}
      <p className="problem-facts">
        <CodeText code={code} />
        {requestId !== '' && (
          <>
            {' · request '}
            <code>{requestId}</code>
          </>
        )}
      </p>
      {onRetry !== undefined && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** Each code of Ackline has its place in the documentation; what a browser alone can find out has none. */
function CodeText({ code }: { readonly code: string }) {
  const text = <code>{code}</code>;
  return code.startsWith('ACKLINE_') ? <a href={`/docs/errors#${code.toLowerCase()}`}>{text}</a> : text;
}
