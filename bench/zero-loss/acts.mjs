// What is done to the app while the load runs: the rows of the matrix. Each act is done again and again until its cell
// has enough requests. Acts of one group take turns: what one of them does, the other undoes.

/** `prepare` brings the app to where the acts of the group make sense. */
export const ACTS = [
  [
    {
      name: 'deploy, all at once',
      prepare: (app) => app.reconfigure({ deploy: { strategy: 'all-at-once', settle: '200ms' } }),
      act: (app) => app.release(),
    },
  ],
  [
    {
      name: 'deploy, rolling',
      prepare: (app) => app.reconfigure({ deploy: { strategy: 'rolling', settle: '200ms' } }),
      act: (app) => app.release(),
    },
  ],
  [
    {
      name: 'reload with env change',
      prepare: (app) => app.reconfigure({ deploy: { strategy: 'all-at-once', settle: '200ms' } }),
      act: (app) => app.changeEnv(),
    },
  ],
  [
    { name: 'scale up', prepare: () => undefined, act: (app) => app.run('scale', 'web=4') },
    { name: 'scale down', prepare: () => undefined, act: (app) => app.run('scale', 'web=2') },
  ],
  [{ name: 'rollback', prepare: (app) => app.release(), act: (app) => app.run('rollback', 'web') }],
  [{ name: 'manager kill -9', prepare: () => undefined, act: (app) => app.killManager() }],
];
