import './list-end.css';
import { Button } from './button.tsx';
import { Time } from './time.tsx';

export interface ListEndProps {
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** The look ended at its bound, not at the end of the list. */
  readonly scannedTo: string | null;
  readonly onOlder: () => void;
}

/** Below a list that is read page by page: how far it looked back, and the way further. */
export function ListEnd({ hasMore, isLoading, scannedTo, onOlder }: ListEndProps) {
  return (
    <div className="list-end">
      {scannedTo !== null && (
        <span>
          Looked back to <Time at={scannedTo} />
          {hasMore ? ', and there is more.' : '.'}
        </span>
      )}
      {hasMore ? (
        <Button isDisabled={isLoading} onPress={onOlder}>
          {isLoading ? 'Loading…' : scannedTo === null ? 'Older' : 'Go on looking'}
        </Button>
      ) : (
        <span>That is all.</span>
      )}
    </div>
  );
}
