import { useEffect, useRef, useState } from 'react';
import type React from 'react';

const SMALLEST = 0.25;
const LARGEST = 2;

/**
 * Zoom with Ctrl and the wheel, drag the background to move. What is larger
 * than its view scrolls as everything else does.
 */
export function usePanAndZoom(
  view: React.RefObject<HTMLDivElement>,
  width: number,
  height: number
) {
  const [scale, setScale] = useState(1);
  const drag = useRef<{ x: number; y: number } | null>(null);
  const by = (factor: number) =>
    setScale(old => Math.min(LARGEST, Math.max(SMALLEST, old * factor)));

  useEffect(() => {
    const node = view.current;
    // React listens passively, and the page would zoom as well.
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        by(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      }
    };
    node?.addEventListener('wheel', onWheel, { passive: false });
    return () => node?.removeEventListener('wheel', onWheel);
  }, [view]);

  return {
    scale,
    by,
    /** All of it at once, but not larger than life. */
    fit: () => {
      const node = view.current;
      if (node) {
        const fitting = Math.min(
          node.clientWidth / width,
          node.clientHeight / height,
          1
        );
        setScale(Math.max(SMALLEST, fitting));
      }
    },
    handlers: {
      onPointerDown: (event: React.PointerEvent<HTMLDivElement>) => {
        if (
          event.button === 0 &&
          !(event.target as Element).closest('button')
        ) {
          drag.current = { x: event.clientX, y: event.clientY };
          event.currentTarget.setPointerCapture(event.pointerId);
        }
      },
      onPointerMove: (event: React.PointerEvent<HTMLDivElement>) => {
        const last = drag.current;
        if (last) {
          event.currentTarget.scrollBy(
            last.x - event.clientX,
            last.y - event.clientY
          );
          drag.current = { x: event.clientX, y: event.clientY };
        }
      },
      onPointerUp: () => {
        drag.current = null;
      },
      onPointerCancel: () => {
        drag.current = null;
      }
    }
  };
}
