import { errorIcon } from '@jupyterlab/ui-components';
import React from 'react';

export interface IErrorBannerProps {
  /** What happened. */
  message: string;
  /** What to do next. */
  hint?: string;
  /** Label and action of the button, where trying again can help. */
  action?: string;
  onAction?: () => void;
}

/** Says what went wrong and what to do about it. */
export function ErrorBanner(props: IErrorBannerProps): JSX.Element {
  return (
    <div className="jp-StudioError" role="alert">
      <errorIcon.react tag="span" className="jp-StudioError-icon" />
      <div className="jp-StudioError-text">
        <div>{props.message}</div>
        {props.hint && <div className="jp-StudioError-hint">{props.hint}</div>}
      </div>
      {props.action && props.onAction && (
        <button
          type="button"
          className="jp-StudioButton"
          onClick={props.onAction}
        >
          {props.action}
        </button>
      )}
    </div>
  );
}
