// What the contenders are called in the tables, and in the targets that name them.

export const EVENKEEL = 'evenkeel';
export const PM2 = 'PM2';
export const WATTPM = 'wattpm';
export const BARE = 'bare node:cluster';
