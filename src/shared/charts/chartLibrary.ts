/**
 * The chart library with the parts that are used. A module of its own, so that
 * it is loaded with the first chart and not with the application.
 */
import {
  BarChart,
  BoxplotChart,
  CustomChart,
  ParallelChart,
  ScatterChart
} from 'echarts/charts';
import {
  GridComponent,
  ParallelComponent,
  TooltipComponent
} from 'echarts/components';
import { init, use as register } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

register([
  BarChart,
  BoxplotChart,
  CustomChart,
  GridComponent,
  ParallelChart,
  ParallelComponent,
  ScatterChart,
  SVGRenderer,
  TooltipComponent
]);

export { init };
