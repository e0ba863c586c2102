import { useState } from 'react';
import { Button } from './button.tsx';
import { useToast } from './toast.tsx';

const SAID_MS = 2_000;

export interface CopyButtonProps {
  readonly text: string;
  /** For its name: "Copy the command". */
  readonly what: string;
}

export function CopyButton({ text, what }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  const toast = useToast();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_MS);
    } catch (error) {
      toast.failed(error);
    }
  };
  return (
    <Button
      kind="quiet"
      aria-label={isCopied ? `Copied ${what}` : `Copy ${what}`}
      onPress={() => void copy()}
    >
      {isCopied ? 'Copied' : 'Copy'}
    </Button>
  );
}
