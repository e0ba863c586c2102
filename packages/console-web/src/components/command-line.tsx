import './command-line.css';
import { CopyButton } from './copy-button.tsx';

/** A command to run, ready to be copied. */
export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div className="command-line">
      <pre tabIndex={0} aria-label="Command">
        <code>{command}</code>
      </pre>
      <CopyButton text={command} what="the command" />
    </div>
  );
}
