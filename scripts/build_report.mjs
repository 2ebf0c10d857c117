/** Packs the program and the style sheet of exported views: they work without a server, from one file. */
import { readFile, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

await build({
  entryPoints: { report: 'src/report/index.tsx' },
  outdir: 'studio_ext/adapters/report_page/static',
  bundle: true,
  format: 'iife',
  target: 'es2021',
  charset: 'ascii',
  define: { 'process.env.NODE_ENV': '"production"' },
  // Of JupyterLab's packages only these parts are used, which do without JupyterLab.
  alias: {
    '@jupyterlab/apputils': './src/report/apputils.ts',
    '@jupyterlab/ui-components': './src/report/uiComponents.tsx'
  },
  minify: true,
  banner: {
    js: '/*! Holds Apache ECharts (Apache-2.0), zrender (BSD-3-Clause), React (MIT), uPlot (MIT), marked (MIT), Lumino (BSD-3-Clause). */'
  },
  legalComments: 'inline',
  logLevel: 'warning'
});
// The program stands in a page, where this would begin a comment. In strings and expressions it is the same.
const program = 'studio_ext/adapters/report_page/static/report.js';
const text = await readFile(program, 'utf8');
await writeFile(program, text.replaceAll('<!--', '<\\x21--'));
await build({
  entryPoints: { report: 'src/report/report.css' },
  outdir: 'studio_ext/adapters/report_page/static',
  bundle: true,
  minify: true,
  logLevel: 'warning'
});
