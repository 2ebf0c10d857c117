import React, { useEffect, useRef } from 'react';

export interface IPopupProps {
  label: string;
  className?: string;
  onClose: () => void;
  children: React.ReactNode;
}

/** A small window below the button that opened it; Escape or a click elsewhere closes it. */
export function Popup(props: IPopupProps): JSX.Element {
  const { label, className, onClose, children } = props;
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    const first = node.current?.querySelector<HTMLElement>(
      'input, select, button'
    );
    first?.focus();
    const onPress = (event: MouseEvent) => {
      const target = event.target as Node;
      const isOpener = opener !== document.body && opener?.contains(target);
      if (!node.current?.contains(target) && !isOpener) {
        onClose();
      }
    };
    // The button that was pressed may have become disabled, and lost the keyboard.
    const onKey = (event: KeyboardEvent) => {
      const { activeElement } = document;
      const isOurs =
        activeElement === document.body ||
        node.current?.contains(activeElement);
      if (event.key === 'Escape' && isOurs) {
        event.stopPropagation();
        onClose();
      }
    };
    document.addEventListener('mousedown', onPress, true);
    document.addEventListener('keydown', onKey, true);
    return () => {
      document.removeEventListener('mousedown', onPress, true);
      document.removeEventListener('keydown', onKey, true);
      if (opener instanceof HTMLElement) {
        opener.focus();
      }
    };
    // Once, for as long as it is open.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return (
    <div
      ref={node}
      className={['jp-StudioPopup', className].filter(Boolean).join(' ')}
      role="dialog"
      aria-label={label}
    >
      {children}
    </div>
  );
}
