// CLI, pure: amounts in the columns of a table. "-" where there is none.

/** Bytes: "980 K", "61 M", "1.2 G". */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '-';
  if (bytes < 1024 ** 2) return `${Math.round(bytes / 1024)} K`;
  if (bytes < 1024 ** 3) return `${Math.round(bytes / 1024 ** 2)} M`;
  return `${(bytes / 1024 ** 3).toFixed(1)} G`;
}

/** Cores' worth of CPU: 0.125 is "13%". */
export function formatCpu(cores: number | null): string {
  return cores === null ? '-' : `${Math.round(cores * 100)}%`;
}

export function formatCount(count: number | null): string {
  return count === null ? '-' : String(count);
}
