// What this process tells of its app. (cluster process)

import type { AppEvent } from '../core/events.ts';

/** An event without what every event of this app has. */
export type Told = AppEvent extends infer E ? (E extends AppEvent ? Omit<E, 'time' | 'app'> : never) : never;
