import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { JobDetail, Transition } from '../../../contract';
import { formatDuration, formatTime } from '../../../shared/format';
import { shapeOf } from '../../../shared/shapes';
import { StatusIcon } from '../../../shared/statusIcon';
import { statusWord } from '../words';

export interface ITimeLineProps {
  job: JobDetail;
  now: number;
  trans: TranslationBundle;
}

/** What a job did when: a bar of its phases, and the same in words. */
export function TimeLine(props: ITimeLineProps): JSX.Element {
  const { job, now, trans } = props;
  const steps = job.transitions;
  const tries = new Set(steps.map(step => step.attempt)).size;
  const phases = steps.filter(step => lasting(step, now) !== null);
  return (
    <div className="jp-StudioTimeLine">
      <div className="jp-StudioTimeLine-bar" aria-hidden="true">
        {phases.map((step, index) => (
          <span
            key={index}
            className={`jp-mod-${shapeOf(step.status)}`}
            style={{ flexGrow: Math.max(0.001, lasting(step, now) ?? 0) }}
            title={`${statusWord(step.status, step.secondary_status, trans)}: ${formatDuration(lasting(step, now) ?? 0)}`}
          />
        ))}
      </div>
      <ol className="jp-StudioTimeLine-steps">
        {steps.map((step, index) => {
          const seconds = lasting(step, now);
          return (
            <li key={index}>
              {index === steps.length - 1 ? (
                <StatusIcon status={step.status} />
              ) : (
                <span className="jp-StudioTimeLine-dot" />
              )}
              <span className="jp-StudioTimeLine-word">
                {statusWord(step.status, step.secondary_status, trans)}
                {tries > 1 && (
                  <span className="jp-StudioTimeLine-attempt">
                    {trans.__('attempt %1', step.attempt)}
                  </span>
                )}
              </span>
              <span className="jp-StudioTimeLine-time">
                {formatTime(step.started)}
              </span>
              <span className="jp-StudioTimeLine-lasting">
                {seconds === null ? '' : formatDuration(seconds)}
              </span>
              <span className="jp-StudioTimeLine-message">{step.message}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** Seconds in a step; null for the final state, which lasts for ever. */
function lasting(step: Transition, now: number): number | null {
  const final = ['done', 'failed', 'stopped'].includes(shapeOf(step.status));
  return final ? null : Math.max(0, (step.ended ?? now) - step.started);
}
