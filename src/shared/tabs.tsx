import React from 'react';

export interface ITabsProps<T extends string> {
  /** Names and labels, in their order. */
  labels: Record<T, string>;
  current: T;
  onTab: (name: T) => void;
  /** What the tabs are, for people who cannot see them. */
  label: string;
}

/** A row of tabs; the arrow keys go from one to the next. */
export function Tabs<T extends string>(props: ITabsProps<T>): JSX.Element {
  const { labels, current, onTab, label } = props;
  const tabs = Object.entries(labels) as [T, string][];
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>) => {
    const by =
      event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by !== 0) {
      const index = tabs.findIndex(([name]) => name === current);
      const next = (index + by + tabs.length) % tabs.length;
      onTab(tabs[next][0]);
      const nodes = event.currentTarget.querySelectorAll<HTMLElement>('button');
      nodes[next]?.focus();
    }
  };
  return (
    <div
      className="jp-StudioTabs"
      role="tablist"
      aria-label={label}
      onKeyDown={onKeyDown}
    >
      {tabs.map(([name, text]) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === current}
          tabIndex={name === current ? 0 : -1}
          className={`jp-StudioTabs-tab${name === current ? ' jp-mod-current' : ''}`}
          onClick={() => onTab(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
