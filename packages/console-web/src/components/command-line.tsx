import './command-line.css';
import { CopyButton } from './copy-button.tsx';

export interface CommandLineProps {
  readonly command: string;
  /** What it is, for its name and that of its button. */
  readonly what?: string;
}

/** A command to run, or what else is to be pasted somewhere, ready to be copied. */
export function CommandLine({ command, what = 'command' }: CommandLineProps) {
  return (
    <div className="command-line">
      <pre tabIndex={0} role="group" aria-label={what.replace(/^./, first => first.toUpperCase())}>
        <code>{command}</code>
      </pre>
      <CopyButton text={command} what={`the ${what}`} />
    </div>
  );
}
