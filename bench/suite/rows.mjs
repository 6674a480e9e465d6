// The rows of the suite, in their order.

const FILES = [
  '01-requests-close',
  '02-requests-keep-alive',
  '03-deploy-latency',
  '04-deploy-time',
  '05-crash',
  '06-commands',
  '07-memory',
  '08-logs',
  '09-many-apps',
  '10-spread',
];

/** `numbers`: which of them; all where it is empty. */
export async function loadRows(numbers) {
  const rows = await Promise.all(FILES.map(async (file) => (await import(`../rows/${file}.mjs`)).row));
  const unknown = numbers.filter((number) => !rows.some((row) => row.number === number));
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}`);
  return numbers.length === 0 ? rows : rows.filter((row) => numbers.includes(row.number));
}
