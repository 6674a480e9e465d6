import { BARE, PM2 } from '../contenders/names.mjs';
import { RATE, rateContenders } from '../measure/request-rate.mjs';
import { atLeast, ratio } from '../suite/targets.mjs';

export const row = {
  number: 1,
  title: 'Requests per second, a connection for each request',
  about: `Two workers of the smallest server, asked by \`wrk\` over 32 connections with \`Connection: close\` for 5 s after 2 s to warm
up. Bare: \`node:cluster\` sharing the socket (\`SCHED_NONE\`) with nothing around it.`,
  contenders: rateContenders('close'),
  targets: [ratio(RATE, PM2, atLeast(1.5)), ratio(RATE, BARE, atLeast(0.97))],
};
