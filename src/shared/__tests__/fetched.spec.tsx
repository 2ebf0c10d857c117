import { act, render } from '@testing-library/react';
import React, { Suspense, useState } from 'react';
import { fetched } from '../fetched';

describe('A component that is fetched', () => {
  let made = 0;

  const Hello = ({ name }: { name: string }) => {
    const [number] = useState(() => ++made);
    return (
      <p>
        {name} {number}
      </p>
    );
  };
  const within = (part: JSX.Element) => (
    <Suspense fallback="wait">{part}</Suspense>
  );

  beforeEach(() => {
    made = 0;
  });

  it('is drawn when it has come', async () => {
    const Part = fetched(async () => Hello);
    const { container, rerender } = render(within(<Part name="Ann" />));
    expect(container.textContent).toBe('wait');
    await act(async () => undefined);
    expect(container.textContent).toBe('Ann 1');
    // It is the same one for as long as it is drawn.
    rerender(within(<Part name="Bob" />));
    expect(container.textContent).toBe('Bob 1');
  });

  it('is drawn at once where it was fetched before', async () => {
    const load = jest.fn(async () => Hello);
    const Part = fetched(load);
    await Part.prepare();
    const { container } = render(within(<Part name="Ann" />));
    expect(container.textContent).toBe('Ann 1');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('may fail to be fetched ahead', async () => {
    const Part = fetched<{ name: string }>(async () => {
      throw new Error('away');
    });
    await expect(Part.prepare()).rejects.toThrow('away');
  });
});
