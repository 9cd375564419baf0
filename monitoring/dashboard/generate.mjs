// Writes what is made from dashboard.ts, labels.ts and ../prometheus-rules.yaml, or with --check fails if it differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dashboard } from './build/dashboard.js';
import { labels } from './build/labels.js';

const file = (name) => new URL(`../${name}`, import.meta.url);
const read = (name) => readFileSync(file(name), 'utf8');
const indented = (text, spaces) => text.replace(/^(?=.)/gm, ' '.repeat(spaces));

/** Gives (account, ...), [alertname, account, ...] and the query of an annotation all of the labels, and no other. */
function withLabels(text) {
  return text
    .replace(/(?<=[([](?:\w+, )*)account(?:, \w+)*(?=[)\]])/g, labels.join(', '))
    .replace(/\{account=%q.*?\}/g, `{${labels.map((label) => `${label}=%q`).join(', ')}}`)
    .replace(/\$labels\.account(?: \$labels\.\w+)*(?=\))/g, labels.map((label) => `$labels.${label}`).join(' '));
}

const rules = withLabels(read('prometheus-rules.yaml'));

const blind = rules.match(/\b((by|on) \((?!(\w+, )*account\b)|(sum|avg|min|max|count|group|absent) ?\().*/);
if (blind) {
  throw new Error(`joins accounts, whatever their labels: ${blind[0]}`);
}

const files = {
  'prometheus-rules.yaml': rules,
  'README.md': withLabels(read('README.md')),
  'grafana-dashboard.json': JSON.stringify(dashboard, null, 2) + '\n',
  'kubernetes/prometheus-rule.yaml': `# Generated from ../prometheus-rules.yaml
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: engagelab-sms
spec:
${indented(rules.slice(rules.indexOf('\ngroups:') + 1), 2)}`,
  'kubernetes/grafana-dashboard.yaml': `# Generated from ../dashboard/dashboard.ts
apiVersion: v1
kind: ConfigMap
metadata:
  name: engagelab-sms-dashboard
  labels:
    grafana_dashboard: "1"
data:
  engagelab-sms-balance.json: |
${indented(JSON.stringify(dashboard), 4)}
`,
};

const differing = Object.keys(files).filter((name) => {
  try {
    return read(name) !== files[name];
  } catch {
    return true;
  }
});

if (!process.argv.includes('--check')) {
  mkdirSync(file('kubernetes'), { recursive: true });
  differing.forEach((name) => writeFileSync(file(name), files[name]));
} else if (differing.length > 0) {
  console.error(`${differing.join(', ')}: not what the sources say: run "npm run build"`);
  process.exit(1);
}
