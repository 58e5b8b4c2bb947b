import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The console is served at /console/ by the binary that it is embedded in.
export default defineConfig({
  base: '/console/',
  plugins: [react()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // nothing is inline: the Content-Security-Policy forbids it
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/graphql': 'http://localhost:8080', '/console/session': 'http://localhost:8080' } },
});
