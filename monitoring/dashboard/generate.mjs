// Writes ../grafana-dashboard.json, or with --check fails if it is not what dashboard.ts says.
import { readFileSync, writeFileSync } from 'node:fs';
import { dashboard } from './build/dashboard.js';

const file = new URL('../grafana-dashboard.json', import.meta.url);
const wanted = JSON.stringify(dashboard, null, 2) + '\n';

if (!process.argv.includes('--check')) {
  writeFileSync(file, wanted);
} else if (readFileSync(file, 'utf8') !== wanted) {
  console.error('grafana-dashboard.json is not what dashboard.ts says: run "npm run build"');
  process.exit(1);
}
