import './button.css';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style'> {
  /** primary: the one thing to do here. danger: it can't be undone. quiet: beside other things. */
  readonly kind?: 'default' | 'primary' | 'danger' | 'quiet';
}

export function Button({ kind = 'default', ...props }: ButtonProps) {
  return <AriaButton {...props} className={`button button-${kind}`} />;
}
