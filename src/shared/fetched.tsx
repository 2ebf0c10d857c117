import React, { lazy, useState } from 'react';

/** What `fetched` makes. */
export interface IFetched<P extends object> {
  (props: P): JSX.Element;
  /** Fetch its code: drawn after that it is there at once, else whoever is around it shows something meanwhile. */
  prepare(): Promise<void>;
}

/** A component whose code is fetched when it is first drawn, or before. */
export function fetched<P extends object>(
  load: () => Promise<React.ComponentType<P>>
): IFetched<P> {
  let there: React.ComponentType<P> | null = null;
  const get = async () => (there = await load());
  const Later = lazy(async () => ({ default: await get() }));
  const Fetched = (props: P) => {
    // The same for as long as it is drawn: another one would begin anew.
    const [Component] = useState(
      () => there ?? (Later as unknown as React.ComponentType<P>)
    );
    return <Component {...props} />;
  };
  return Object.assign(Fetched, {
    prepare: async () => {
      await get();
    }
  });
}
