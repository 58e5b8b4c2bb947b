// Bundles GraphiQL with everything that it needs into dist/graphiql, so that it works without a network.
import { build } from 'esbuild';
import { copyFile, mkdir, rm } from 'node:fs/promises';

const out = 'dist/graphiql';
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: ['src/graphiql.jsx'],
  bundle: true,
  minify: true,
  legalComments: 'linked',
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  outfile: `${out}/graphiql.js`,
});
await copyFile('src/graphiql.html', `${out}/index.html`);
