import { defineConfig } from 'vitest/config';

// On two cores, too: the tests mostly wait for processes.
const WORKERS = 4;

/** What changes the process it runs in, as node:cluster does. */
const OWN_PROCESS = ['test/cluster/**/*.test.ts'];

const root = new URL('..', import.meta.url).pathname;

export default defineConfig({
  root,
  test: {
    tags: [
      {
        name: 'more',
        description: 'what lies beyond the core, and what takes many seconds: npm run test:more',
      },
      {
        name: 'long',
        description: 'variants of what another test shows, and what goes on for long: npm run test:long',
      },
    ],
    projects: [
      {
        test: {
          name: 'unit',
          maxWorkers: WORKERS,
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/torture/**', ...OWN_PROCESS],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'own-process',
          maxWorkers: WORKERS,
          include: OWN_PROCESS,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          maxWorkers: WORKERS,
          isolate: false,
          sequence: { groupOrder: 1 },
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          globalSetup: ['test/support/leak-check.ts'],
        },
      },
      {
        test: {
          name: 'torture',
          maxWorkers: WORKERS,
          isolate: false,
          sequence: { groupOrder: 1 },
          include: ['test/torture/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 60_000,
          globalSetup: ['test/support/leak-check.ts'],
        },
      },
    ],
  },
});
