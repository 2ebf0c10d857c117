/** Packs the notebook widgets into one module and one style sheet that need nothing from elsewhere. */
import { build } from 'esbuild';

await build({
  entryPoints: { widgets: 'src/widgets/index.ts' },
  outdir: 'studio_ext/widgets/static',
  bundle: true,
  format: 'esm',
  target: 'es2021',
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning'
});
await build({
  entryPoints: { widgets: 'src/widgets/bundle.css' },
  outdir: 'studio_ext/widgets/static',
  bundle: true,
  minify: true,
  logLevel: 'warning'
});
