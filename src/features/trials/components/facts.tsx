import React from 'react';

/** A name, its value, and what the tool tip says. */
export type Fact = [string, React.ReactNode, string?];

/** Names with their values; those without one are left out. */
export function Facts(props: { facts: readonly Fact[] }): JSX.Element {
  return (
    <dl className="jp-StudioFacts">
      {props.facts
        .filter(([, value]) => value !== '' && value != null)
        .map(([name, value, title]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd title={title || undefined}>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
