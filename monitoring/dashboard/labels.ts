// The labels that tell accounts apart: what differs in one of them is another account. A label that no target has does
// no harm. To change the list, edit it here, with 'account' first, and run "npm run build", which rewrites the rules, the
// dashboard, both manifests and what README.md says of it. Grouped by fewer labels, accounts of equal name hide each other.
export const labels = ['account', 'job', 'namespace', 'cluster', 'environment'];
