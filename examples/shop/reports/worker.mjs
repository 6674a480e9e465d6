// Writes the shop's daily report: a worker without a port that knows nothing of evenkeel.

const DAY_MS = 24 * 60 * 60 * 1000;

setInterval(() => console.log('reports: today was a good day'), DAY_MS);
console.log('reports: ready');
