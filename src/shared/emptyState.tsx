import React from 'react';

export interface IEmptyStateProps {
  /** What would be here. */
  message: string;
  action?: string;
  onAction?: () => void;
}

/** An empty list says what would fill it, with the button. */
export function EmptyState(props: IEmptyStateProps): JSX.Element {
  return (
    <div className="jp-StudioEmpty">
      <p>{props.message}</p>
      {props.action && props.onAction && (
        <button
          type="button"
          className="jp-StudioButton jp-mod-accept"
          onClick={props.onAction}
        >
          {props.action}
        </button>
      )}
    </div>
  );
}

/** Grey bars where rows are about to come; without a label whoever is around them says what they wait for. */
export function Skeleton(props: { rows: number; label?: string }): JSX.Element {
  const { label } = props;
  return (
    <div
      className="jp-StudioSkeleton"
      role={label && 'status'}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      {Array.from({ length: props.rows }, (_, index) => (
        <div key={index} className="jp-StudioSkeleton-row" />
      ))}
    </div>
  );
}
