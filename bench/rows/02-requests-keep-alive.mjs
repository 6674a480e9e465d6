import { BARE, PM2 } from '../contenders/names.mjs';
import { RATE, rateContenders } from '../measure/request-rate.mjs';
import { atLeast, ratio } from '../suite/targets.mjs';

export const row = {
  number: 2,
  title: 'Requests per second, keep-alive',
  about: 'As row 1, over 32 connections that stay.',
  contenders: rateContenders('keep-alive'),
  targets: [ratio(RATE, PM2, atLeast(1)), ratio(RATE, BARE, atLeast(0.97))],
};
