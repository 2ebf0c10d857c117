import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useRef, useState } from 'react';
import type { CompareModel } from '../../../models/compareModel';
import type { ChartType, ViewChart } from '../../../models/views';
import { chartOf, draftOf, emptyDraft } from '../chartDraft';
import type { IChartDraft } from '../chartDraft';
import { chartTypes } from '../chartWords';
import { ColumnField, ColumnsField } from './columnField';
import type { ColumnKind } from './columnField';

const MAX_METRICS = 20;
const MAX_AXES = 30;
const MAX_TITLE = 250;

export interface IChartFormProps {
  /** The chart that is changed; null: a new one. */
  chart: ViewChart | null;
  /** Id of a new one. */
  id: string;
  model: CompareModel;
  onSave: (chart: ViewChart) => void;
  onClose: () => void;
  trans: TranslationBundle;
}

/** What a chart shows. */
export function ChartForm(props: IChartFormProps): JSX.Element {
  const { chart, id, model, onSave, onClose, trans } = props;
  const [draft, setDraft] = useState(() =>
    chart ? draftOf(chart) : emptyDraft()
  );
  const node = useRef<HTMLFormElement>(null);
  const typeId = useId();
  const titleId = useId();
  useEffect(() => {
    node.current?.scrollIntoView?.({ block: 'nearest' });
    node.current?.querySelector('select')?.focus();
  }, []);
  const change = (next: Partial<IChartDraft>) =>
    setDraft({ ...draft, ...next });
  const made = chartOf(draft, chart?.id ?? id);
  const heading = chart ? trans.__('Change the chart') : trans.__('Add chart');
  return (
    <form
      ref={node}
      className="jp-StudioChartForm"
      aria-label={heading}
      onSubmit={event => {
        event.preventDefault();
        if (made) {
          onSave(made);
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <div className="jp-StudioChartForm-fields">
        <div className="jp-StudioField">
          <label className="jp-StudioField-label" htmlFor={typeId}>
            {trans.__('Kind of chart')}
          </label>
          <select
            id={typeId}
            className="jp-StudioInput"
            value={draft.type}
            onChange={event =>
              change({ type: event.target.value as ChartType })
            }
          >
            {chartTypes(trans).map(([type, label]) => (
              <option key={type} value={type}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <Fields draft={draft} change={change} model={model} trans={trans} />
        <div className="jp-StudioField">
          <label className="jp-StudioField-label" htmlFor={titleId}>
            {trans.__('Title (optional)')}
          </label>
          <input
            id={titleId}
            className="jp-StudioInput"
            value={draft.title}
            maxLength={MAX_TITLE}
            onChange={event => change({ title: event.target.value })}
          />
        </div>
      </div>
      <div className="jp-StudioChartForm-buttons">
        <button
          type="submit"
          className="jp-StudioButton jp-mod-accept"
          disabled={!made}
        >
          {chart ? trans.__('Change') : trans.__('Add')}
        </button>
        <button type="button" className="jp-StudioButton" onClick={onClose}>
          {trans.__('Cancel')}
        </button>
        {!made && (
          <span className="jp-StudioChartForm-missing">
            {trans.__('Choose what is shown.')}
          </span>
        )}
      </div>
    </form>
  );
}

interface IFieldsProps {
  draft: IChartDraft;
  change: (next: Partial<IChartDraft>) => void;
  model: CompareModel;
  trans: TranslationBundle;
}

type KeyField =
  | 'across'
  | 'up'
  | 'colour'
  | 'size'
  | 'by'
  | 'value'
  | 'metric'
  | 'groupBy'
  | 'xMetric';

function Fields(props: IFieldsProps): JSX.Element {
  const { draft, change, model, trans } = props;
  const column = (
    field: KeyField,
    label: string,
    isOptional = false,
    kind: ColumnKind = 'any'
  ) => (
    <ColumnField
      key={field}
      label={label}
      kind={kind}
      value={draft[field]}
      isOptional={isOptional}
      model={model}
      onChange={key => change({ [field]: key })}
      trans={trans}
    />
  );
  const log = (field: 'logX' | 'logY', label: string) => (
    <label key={field} className="jp-StudioChartForm-check">
      <input
        type="checkbox"
        checked={draft[field]}
        onChange={event => change({ [field]: event.target.checked })}
      />
      {label}
    </label>
  );
  switch (draft.type) {
    case 'line':
      return (
        <>
          <ColumnsField
            label={trans.__('Metrics')}
            kind="metric"
            values={draft.metrics}
            max={MAX_METRICS}
            model={model}
            onChange={metrics => change({ metrics })}
            trans={trans}
          />
          <LineAxis {...props} />
          {draft.x === 'metric' &&
            column(
              'xMetric',
              trans.__('Metric along the axis'),
              false,
              'metric'
            )}
          {column('groupBy', trans.__('Group by'), true)}
          <Smoothing {...props} />
          {log('logX', trans.__('Logarithmic x axis'))}
          {log('logY', trans.__('Logarithmic y axis'))}
        </>
      );
    case 'scatter':
      return (
        <>
          {column('across', trans.__('x axis'))}
          {column('up', trans.__('y axis'))}
          {column('colour', trans.__('Colour'), true)}
          {column('size', trans.__('Size'), true)}
          {log('logX', trans.__('Logarithmic x axis'))}
          {log('logY', trans.__('Logarithmic y axis'))}
        </>
      );
    case 'parallel':
      return (
        <>
          <ColumnsField
            label={trans.__('Axes')}
            kind="any"
            values={draft.keys}
            max={MAX_AXES}
            model={model}
            onChange={keys => change({ keys })}
            log={draft.log}
            onLog={log => change({ log })}
            trans={trans}
          />
          {column('colour', trans.__('Colour'), true)}
        </>
      );
    case 'box':
      return (
        <>
          {column('by', trans.__('A box for each value of'))}
          {column('value', trans.__('Shows the spread of'))}
          {log('logY', trans.__('Logarithmic axis'))}
        </>
      );
    case 'histogram':
      return <>{column('value', trans.__('Values of'))}</>;
    case 'heatmap':
      return (
        <>
          {column('across', trans.__('x axis'))}
          {column('up', trans.__('y axis'))}
          {column('value', trans.__('Shows the mean of'))}
        </>
      );
    case 'importance':
      return (
        <>{column('metric', trans.__('What matters for'), false, 'metric')}</>
      );
  }
}

function LineAxis(props: IFieldsProps): JSX.Element {
  const { draft, change, trans } = props;
  const id = useId();
  return (
    <div className="jp-StudioField">
      <label className="jp-StudioField-label" htmlFor={id}>
        {trans.__('Along')}
      </label>
      <select
        id={id}
        className="jp-StudioInput"
        value={draft.x}
        onChange={event =>
          change({ x: event.target.value as IChartDraft['x'] })
        }
      >
        <option value="step">{trans.__('Step')}</option>
        <option value="relative">{trans.__('Time since the start')}</option>
        <option value="time">{trans.__('Time of day')}</option>
        <option value="metric">{trans.__('Another metric')}</option>
      </select>
    </div>
  );
}

function Smoothing(props: IFieldsProps): JSX.Element {
  const { draft, change, trans } = props;
  const id = useId();
  return (
    <div className="jp-StudioField">
      <label className="jp-StudioField-label" htmlFor={id}>
        {trans.__('Smoothing: %1', draft.smoothing.toFixed(2))}
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        value={draft.smoothing}
        onChange={event => change({ smoothing: Number(event.target.value) })}
      />
    </div>
  );
}
