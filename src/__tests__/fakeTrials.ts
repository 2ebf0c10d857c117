import type {
  ColumnPage,
  Extent,
  FilterCheck,
  FilterQuery,
  TableRow,
  TrialColumn,
  TrialQuery,
  TrialTablePage
} from '../contract';
import type { FakeServer, ISeen } from './fakes';

export function makeColumn(fields: Partial<TrialColumn> = {}): TrialColumn {
  const key = fields.key ?? 'metrics.rmse';
  const kinds = { metrics: 'metric', params: 'parameter', tags: 'tag' };
  const [prefix] = key.split('.');
  return {
    key,
    kind: kinds[prefix as keyof typeof kinds] ?? 'attribute',
    name: key.slice(prefix.length + 1),
    numeric: true,
    count: 10,
    constant: false,
    minimum: null,
    maximum: null,
    better: null,
    ...fields
  };
}

export function makeRow(fields: Partial<TableRow> = {}): TableRow {
  return {
    id: 'run0',
    is_group: false,
    depth: 0,
    children: 0,
    is_expanded: false,
    matches: true,
    name: 'trial',
    status: 'FINISHED',
    job_id: null,
    values: [],
    extents: [],
    ...fields
  };
}

export function extent(minimum: number, maximum: number): Extent {
  return { minimum, maximum, mean: (minimum + maximum) / 2 };
}

/** Answers like the table of an experiment with many trials, without a server. */
export class FakeTrials {
  constructor(server: FakeServer, total = 1000) {
    this.total = total;
    server
      .on('POST trials/table', (seen: ISeen) =>
        this.page(seen.body as TrialQuery)
      )
      .on('GET trials/columns', (seen: ISeen) => this._columns(seen.path))
      .on('POST trials/filter', (seen: ISeen) =>
        this.check(seen.body as FilterQuery)
      );
  }

  total: number;
  /** Orders are named by it; a new one makes those of before stale. */
  revision = 1;
  /** Orders that the server has forgotten. */
  isForgetful = false;
  columns: TrialColumn[] = [
    makeColumn({ key: 'metrics.r2', better: 'higher' }),
    makeColumn({ key: 'metrics.rmse', better: 'lower' }),
    makeColumn({ key: 'params.depth' }),
    makeColumn({ key: 'params.seed', constant: true })
  ];

  index: TrialTablePage['index'] = {
    phase: 'ready',
    indexed: 0,
    expected: null,
    seen: 1,
    swept: null,
    message: '',
    hint: ''
  };

  /** Changes rows before they are sent. */
  edit: (row: TableRow, index: number) => TableRow = row => row;

  check: (query: FilterQuery) => FilterCheck = query => ({
    filter: query.filter ?? '',
    error: null,
    conditions: [],
    completions: [],
    notes: []
  });

  page(query: TrialQuery): TrialTablePage {
    const { columns = [], offset = 0, limit = 100, result } = query;
    const name = `order${this.revision}`;
    const isKept = Boolean(result) && !this.isForgetful;
    const count = Math.max(0, Math.min(limit, this.total - offset));
    const rows = Array.from({ length: count }, (_, i) => {
      const index = offset + i;
      const values = columns.map(key =>
        key === 'name' ? `trial ${index}` : index
      );
      return this.edit(
        makeRow({ id: `run${index}`, name: `trial ${index}`, values }),
        index
      );
    });
    return {
      result: isKept ? result! : name,
      offset,
      rows,
      total: this.total,
      matched: this.total,
      trials: this.total,
      is_current: !isKept || result === name,
      extents: columns.map(() => extent(0, this.total - 1)),
      differs: query.differences ? columns.map(() => this.total > 1) : [],
      index: this.index
    };
  }

  private _columns(path: string): ColumnPage {
    const query = new URLSearchParams(path.split('?')[1]);
    const kind = query.get('kind');
    const text = query.get('text') ?? '';
    const limit = Number(query.get('limit') ?? 100);
    const offset = Number(query.get('offset') ?? 0);
    const found = this.columns.filter(
      column => (!kind || column.kind === kind) && column.name.includes(text)
    );
    return {
      items: found.slice(offset, offset + limit),
      total: found.length,
      trials: this.total
    };
  }
}
