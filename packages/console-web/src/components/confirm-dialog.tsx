import './confirm-dialog.css';
import { type ReactNode, useState } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { Button } from './button.tsx';
import { ProblemBox } from './problem-box.tsx';

export interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly title: string;
  /** What will happen, with its numbers. */
  readonly children: ReactNode;
  /** What the button does: "Discard 12 deliveries". */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** There is nothing yet that could be done. */
  readonly isBlocked?: boolean;
  readonly onClose: () => void;
  /** It is open until this is done; what it throws is shown in it. */
  readonly onConfirm: () => Promise<void>;
}

/** Asks before something is done. Escape, and what lies beside it, say no. */
export function ConfirmDialog({
  isOpen,
  title,
  children,
  action,
  isDangerous,
  isBlocked = false,
  onClose,
  onConfirm,
}: ConfirmDialogProps) {
  const [isPending, setPending] = useState(false);
  const [failure, setFailure] = useState<{ readonly error: unknown } | null>(null);
  const close = () => {
    setFailure(null);
    onClose();
  };
  const confirm = async () => {
    setPending(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure({ error });
    } finally {
      setPending(false);
    }
  };
  return (
    <ModalOverlay
      className="dialog-overlay"
      isOpen={isOpen}
      onOpenChange={open => !open && close()}
      isDismissable
    >
      <Modal className="dialog">
        <Dialog role="alertdialog">
          <Heading slot="title">{title}</Heading>
          <div className="dialog-text">{children}</div>
          {failure !== null && <ProblemBox error={failure.error} />}
          <div className="dialog-actions">
            <Button onPress={close} autoFocus>
              Cancel
            </Button>
            <Button
              kind={isDangerous === true ? 'danger' : 'primary'}
              isDisabled={isPending || isBlocked}
              onPress={() => void confirm()}
            >
              {action}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
