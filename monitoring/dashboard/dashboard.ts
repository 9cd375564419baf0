// The dashboard as a literal whose types are those of Grafana's own schema. "npm run build" writes it as JSON.
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  DashboardCursorSync,
  FieldColorModeId,
  GraphDrawStyle,
  LegendDisplayMode,
  LineInterpolation,
  MappingType,
  PercentChangeColorMode,
  SortOrder,
  TooltipDisplayMode,
  VariableHide,
  VariableRefresh,
  VariableSort,
  VisibilityMode,
  VizOrientation,
  type Dashboard,
  type DataQuery,
  type DataSourceRef,
  type FieldConfig,
  type FieldConfigSource,
  type GridPos,
  type Panel,
  type ValueMapping,
  type VizLegendOptions,
  type VizTooltipOptions,
} from '@grafana/schema';
import type {
  Options as StatOptions,
} from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as StateTimelineFieldConfig,
  Options as StateTimelineOptions,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesFieldConfig,
  Options as TimeSeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { labels } from './labels.js';

// What the schema leaves open: which options belong to which type of panel, and what a Prometheus query looks like.
// Title, description and unit, optional there, are required here.

interface PrometheusQuery extends DataQuery {
  expr: string;
  legendFormat: string;
  instant?: true;
  range?: false;
}

/** The members of an interface as a type that is assignable to a record. */
type Members<T> = { [K in keyof T]: T[K] };

interface PanelOf<Type extends string, Options, Custom>
  extends Pick<Panel, 'id' | 'interval'> {
  type: Type;
  title: string;
  description: string;
  datasource: DataSourceRef;
  gridPos: GridPos;
  options: Members<Options>;
  fieldConfig: {
    defaults: Omit<FieldConfig, 'custom'> & { unit: string; custom?: Members<Custom> };
    overrides: FieldConfigSource['overrides'];
  };
  targets: Array<Members<PrometheusQuery>>;
}

type BalancePanel =
  | PanelOf<'stat', StatOptions, Record<string, never>>
  | PanelOf<'timeseries', TimeSeriesOptions, TimeSeriesFieldConfig>
  | PanelOf<'state-timeline', StateTimelineOptions, StateTimelineFieldConfig>;

const account = labels.join(', ');
const matching = (some: string[]) => some.map((label) => `${label}=~"$${label}"`).join(', ');
const selected = matching(labels);
// Of a label that no target has, nothing shows.
const accountName = labels.map((label) => `{{${label}}}`).join(' ');

// Replicas watch the same accounts, and each counts all of their spending: they are joined by max, never added up.

const total = `max by (${account}) (engagelab_sms_total_balance10000{${selected}}) / 10000`;

const lowThreshold = `max by (${account}) (engagelab_sms_balance_threshold{level="low", ${selected}})`;

// The rule is better than the fall-back, which forgets at a deployment what the replaced replicas saw.
const spentPerSecond =
  `(max by (${account}) (account:engagelab_sms_spent:max_rate6h{${selected}})` +
  ` or max by (${account}) (rate(engagelab_sms_spent_total{${selected}}[6h])))`;

const everyDecreaseCounts =
  'Every decrease counts as spent: an increase cannot be told from a top-up, so answers that alternate between two ' +
  'amounts look like spending.';

// Replicas that disagree are in different states, of which the first in this order counts: the best of them.
const states = [
  { name: 'ok', color: 'green' },
  { name: 'warning', color: 'orange' },
  { name: 'low', color: 'red' },
  { name: 'rejected', color: 'purple' },
  { name: 'unavailable', color: '#808080' },
  { name: 'unknown', color: 'blue' },
];

// One series an account, with its state as a label and the state's index as the value.
const stateByAccount = states
  .map(({ name }, index) => {
    const inState = `max by (state, ${account}) (engagelab_sms_state{state="${name}", ${selected}}) == 1`;
    return `(${inState}) * 0 + ${index}`;
  })
  .join(`\nor on (${account}) `);

// Without the label, so that a timeline has one line an account.
const state = `max by (${account}) (\n${stateByAccount}\n)`;

const stateMappings: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      states.map(({ name, color }, index) => [index, { index, text: name.toUpperCase(), color }]),
    ),
  },
];

// The thresholds differ by account, so the colour cannot come from thresholds of the panel: the query takes the state
// along as a label, by which the overrides know the series.
const totalWithState = `${total}\n+ on (${account}) group_left (state) 0 * (\n${stateByAccount}\n)`;

const datasource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

const legend: VizLegendOptions = {
  calcs: ['lastNotNull'],
  displayMode: LegendDisplayMode.List,
  placement: 'bottom',
  showLegend: true,
};

const tooltip: VizTooltipOptions = { mode: TooltipDisplayMode.Multi, sort: SortOrder.None };

const line: TimeSeriesFieldConfig = {
  drawStyle: GraphDrawStyle.Line,
  lineInterpolation: LineInterpolation.StepAfter,
  lineWidth: 2,
  fillOpacity: 10,
  showPoints: VisibilityMode.Never,
  axisPlacement: AxisPlacement.Auto,
};

const stat: StatOptions = {
  colorMode: BigValueColorMode.Background,
  graphMode: BigValueGraphMode.None,
  justifyMode: BigValueJustifyMode.Auto,
  orientation: VizOrientation.Auto,
  percentChangeColorMode: PercentChangeColorMode.Standard,
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  showPercentChange: false,
  textMode: BigValueTextMode.ValueAndName,
  wideLayout: true,
};

const plainStat: StatOptions = { ...stat, colorMode: BigValueColorMode.None };

/** Gives a colour, and what else is asked for, to all series whose name ends like that. */
function named(ending: string, color: string, ...more: Array<{ id: string; value: unknown }>) {
  return {
    matcher: { id: 'byRegexp', options: `/ ${ending}$/` },
    properties: [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor: color } }, ...more],
  };
}

const dashedLine = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
  { id: 'custom.lineWidth', value: 1 },
  { id: 'custom.fillOpacity', value: 0 },
];

const panels: BalancePanel[] = [
  {
    id: 1,
    type: 'stat',
    title: 'State',
    description:
      'OK: the total is not below a threshold. WARNING, LOW: the total is below that threshold. REJECTED: the provider ' +
      'refuses the credentials, or what answers in its place does for longer than max-age. UNAVAILABLE: the balance is older than max-age. UNKNOWN: there are no credentials, or ' +
      'nothing has been read yet. If replicas are in different states, the first of these is shown.',
    datasource,
    gridPos: { x: 0, y: 0, w: 5, h: 6 },
    options: stat,
    fieldConfig: { defaults: { unit: 'none', mappings: stateMappings, noValue: 'no data' }, overrides: [] },
    targets: [{ refId: 'A', datasource, expr: state, legendFormat: accountName, instant: true, range: false }],
  },
  {
    id: 2,
    type: 'stat',
    title: 'Balance',
    description:
      'Total balance in account currency, as the provider was last asked; its colour is that of the state. ' +
      'Empty once it is older than max-age.',
    datasource,
    gridPos: { x: 5, y: 0, w: 7, h: 6 },
    options: stat,
    fieldConfig: {
      defaults: {
        unit: 'locale',
        decimals: 4,
        noValue: 'not read lately',
      },
      overrides: states.map(({ name, color }) => named(name, color)),
    },
    targets: [
      {
        refId: 'A',
        datasource,
        expr: totalWithState,
        legendFormat: `${accountName} {{state}}`,
        instant: true,
        range: false,
      },
    ],
  },
  {
    id: 3,
    type: 'stat',
    title: 'Time to empty',
    description:
      'How long the total balance lasts at the rate of the last 6 hours: until 0, or until a low threshold that is ' +
      'negative. Empty if nothing was spent. Uses the ' +
      'recording rule account:engagelab_sms_spent:max_rate6h, which survives deployments, and without the rules the ' +
      'counter itself.',
    datasource,
    gridPos: { x: 12, y: 0, w: 4, h: 6 },
    options: plainStat,
    fieldConfig: { defaults: { unit: 's', decimals: 1, noValue: 'nothing spent' }, overrides: [] },
    targets: [
      {
        refId: 'A',
        datasource,
        expr: `clamp_min(${total} - clamp_max(${lowThreshold}, 0), 0) / (${spentPerSecond} > 0)`,
        legendFormat: accountName,
        instant: true,
        range: false,
      },
    ],
  },
  {
    id: 4,
    type: 'stat',
    title: 'Burn rate per day',
    description:
      'What a day costs at the rate of the last 6 hours, in account currency. Top-ups do not count. ' +
      everyDecreaseCounts +
      ' Uses the recording rule account:engagelab_sms_spent:max_rate6h, and without the rules the counter itself.',
    datasource,
    gridPos: { x: 16, y: 0, w: 4, h: 6 },
    options: plainStat,
    fieldConfig: { defaults: { unit: 'suffix: /day', decimals: 4 }, overrides: [] },
    targets: [
      {
        refId: 'A',
        datasource,
        expr: `${spentPerSecond} * 86400`,
        legendFormat: accountName,
        instant: true,
        range: false,
      },
    ],
  },
  {
    id: 5,
    type: 'stat',
    title: 'Age of the data',
    description: 'Time since any replica last read the balance.',
    datasource,
    gridPos: { x: 20, y: 0, w: 4, h: 6 },
    options: plainStat,
    fieldConfig: { defaults: { unit: 's', decimals: 0, noValue: 'never read' }, overrides: [] },
    targets: [
      {
        refId: 'A',
        datasource,
        // 0 means that there was no success, and is no point in time
        expr: `time() - (max by (${account}) (engagelab_sms_last_success_timestamp_seconds{${selected}}) > 0)`,
        legendFormat: accountName,
        instant: true,
        range: false,
      },
    ],
  },
  {
    id: 6,
    type: 'timeseries',
    title: 'Balance and thresholds',
    description: 'Total balance in account currency. A gap is a time without a reading younger than max-age.',
    datasource,
    gridPos: { x: 0, y: 6, w: 16, h: 10 },
    options: { legend, tooltip },
    fieldConfig: {
      defaults: { unit: 'locale', decimals: 4, custom: line },
      overrides: [
        named('low threshold', 'red', ...dashedLine),
        named('warning threshold', 'orange', ...dashedLine),
      ],
    },
    targets: [
      { refId: 'A', datasource, expr: total, legendFormat: accountName },
      {
        refId: 'B',
        datasource,
        expr: `max by (level, ${account}) (engagelab_sms_balance_threshold{${selected}})`,
        legendFormat: `${accountName} {{level}} threshold`,
      },
    ],
  },
  {
    id: 7,
    type: 'timeseries',
    title: 'General and gift',
    description: 'The two parts of the total balance, in account currency.',
    datasource,
    gridPos: { x: 16, y: 6, w: 8, h: 10 },
    options: { legend, tooltip },
    fieldConfig: { defaults: { unit: 'locale', decimals: 4, custom: line }, overrides: [] },
    targets: [
      {
        refId: 'A',
        datasource,
        expr: `max by (type, ${account}) (engagelab_sms_balance{${selected}})`,
        legendFormat: `${accountName} {{type}}`,
      },
    ],
  },
  {
    id: 8,
    type: 'timeseries',
    title: 'Burn rate per hour',
    description: `What was spent in the hour before, in account currency. Top-ups do not count. ${everyDecreaseCounts}`,
    datasource,
    gridPos: { x: 0, y: 16, w: 12, h: 8 },
    options: { legend, tooltip },
    fieldConfig: { defaults: { unit: 'suffix: /h', decimals: 4, min: 0, custom: line }, overrides: [] },
    targets: [
      {
        refId: 'A',
        datasource,
        // A fixed window: over the few minutes of $__rate_interval the price of single messages would make it jump
        expr: `max by (${account}) (rate(engagelab_sms_spent_total{${selected}}[1h])) * 3600`,
        legendFormat: accountName,
      },
    ],
  },
  {
    id: 9,
    type: 'timeseries',
    title: 'Refresh outcomes',
    description:
      'Refreshes per minute by outcome, as of the replica with the most of it. An outcome shows from its second time ' +
      'on.',
    datasource,
    gridPos: { x: 12, y: 16, w: 12, h: 8 },
    // Makes $__rate_interval span several refreshes at the default interval of a minute
    interval: '5m',
    options: { legend, tooltip },
    fieldConfig: {
      defaults: { unit: 'opm', decimals: 2, min: 0, custom: line },
      overrides: [named('success', 'green')],
    },
    targets: [
      {
        refId: 'A',
        datasource,
        expr:
          `max by (outcome, ${account})` +
          ` (rate(engagelab_sms_refreshes_total{${selected}}[$__rate_interval])) * 60`,
        legendFormat: `${accountName} {{outcome}}`,
      },
    ],
  },
  {
    id: 10,
    type: 'state-timeline',
    title: 'State over time',
    description: 'The states of the panel at the top left, one line per account.',
    datasource,
    gridPos: { x: 0, y: 24, w: 24, h: 6 },
    options: {
      legend: { ...legend, calcs: [] },
      tooltip,
      mergeValues: true,
      rowHeight: 0.8,
      showValue: VisibilityMode.Auto,
    },
    fieldConfig: {
      defaults: { unit: 'none', mappings: stateMappings, custom: { fillOpacity: 80, lineWidth: 0 } },
      overrides: [],
    },
    targets: [{ refId: 'A', datasource, expr: state, legendFormat: accountName }],
  },
];

// From the widest label to the account, each with the values it has where the ones before it are as selected.
const variables = labels.toReversed().map((label, index, all) => ({
  name: label,
  label: label.replace(/^./, (first) => first.toUpperCase()),
  type: 'query' as const,
  datasource,
  query: {
    query: `label_values(engagelab_sms_up{${matching(all.slice(0, index))}}, ${label})`,
    refId: label,
  },
  refresh: VariableRefresh.onTimeRangeChanged,
  sort: VariableSort.alphabeticalAsc,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
}));

export const dashboard: Dashboard = {
  uid: 'engagelab-sms-balance',
  title: 'EngageLab SMS balance',
  description:
    'Prepaid balance of EngageLab SMS accounts. Works without the recording rules; time to empty and burn rate per ' +
    'day are better with them.',
  tags: ['engagelab', 'sms'],
  schemaVersion: 42,
  editable: true,
  graphTooltip: DashboardCursorSync.Crosshair,
  timezone: 'browser',
  time: { from: 'now-24h', to: 'now' },
  refresh: '1m',
  templating: {
    list: [
      {
        name: 'datasource',
        label: 'Data source',
        type: 'datasource',
        query: 'prometheus',
        hide: VariableHide.dontHide,
        refresh: VariableRefresh.onDashboardLoad,
      },
      ...variables,
    ],
  },
  panels,
};
