import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { useIdle } from './useIdle';

/** The icon of a button, which is there before: the icons of many take longer than all else of them. */
export function LateIcon({ icon }: { icon: LabIcon }): JSX.Element | null {
  return useIdle() ? <icon.react tag="span" /> : null;
}
