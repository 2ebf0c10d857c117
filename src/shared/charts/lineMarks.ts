import { formatMark } from '../format';

/** Whole steps only: there are none between. */
export function stepMark(step: number): string {
  if (!Number.isInteger(step)) {
    return '';
  }
  return Math.abs(step) >= 1e6 ? formatMark(step) : step.toLocaleString();
}

/** Times of day, and the day below the first of each. */
export function timeMarks(
  splits: readonly number[],
  increment: number
): string[] {
  let before = '';
  return splits.map(each => {
    const moment = new Date(each * 1000);
    const day = moment.toLocaleDateString(undefined, {
      day: 'numeric',
      month: 'short'
    });
    const time = moment.toLocaleTimeString(undefined, {
      hour: '2-digit',
      minute: '2-digit',
      second: increment < 60 ? '2-digit' : undefined
    });
    const isNew = day !== before;
    before = day;
    return increment >= 86_400 ? day : isNew ? `${time}\n${day}` : time;
  });
}
