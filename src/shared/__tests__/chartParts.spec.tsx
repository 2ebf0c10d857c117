import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { BusyPage } from '../../__tests__/busyPage';
import { trans } from '../../__tests__/fakes';
import { ChartButtons } from '../chartParts';

describe('ChartButtons', () => {
  it('can be used before their icons are there, which come once the page has time', () => {
    const page = new BusyPage();
    try {
      const onData = jest.fn();
      render(<ChartButtons title="loss" trans={trans} onData={onData} />);
      const icons = () => document.querySelectorAll('svg').length;
      fireEvent.click(
        screen.getByRole('button', { name: 'Copy the data of loss' })
      );
      expect(onData).toHaveBeenCalledTimes(1);
      expect(icons()).toBe(0);
      page.rest();
      expect(icons()).toBe(2);
    } finally {
      page.dispose();
    }
  });
});
