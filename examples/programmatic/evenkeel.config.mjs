// A config that is a program: any value may be a function, called each time that the config is read.

import { defineConfig } from 'evenkeel';

export default defineConfig({
  name: 'programmatic',
  apps: {
    web: {
      script: 'server.mjs',
      workers: ({ cpus }) => Math.min(cpus, 2),
      env: { PORT: ({ env }) => env.PORT ?? 3000, GREETING: 'hello' },
      listen: [({ env }) => Number(env.PORT ?? 3000)],
      deploy: { settle: '200ms' },
    },
  },
});
