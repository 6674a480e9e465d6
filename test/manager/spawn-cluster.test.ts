import { expect, it } from 'vitest';
import { clusterSpawner } from '../../src/manager/spawn-cluster.ts';
import { identify, type ProcessIdentity, sendSignal, waitForExit } from '../../src/platform/process-identity.ts';
import type { ClusterBoot } from '../../src/protocol/cluster-boot.ts';
import { tempDir } from '../support/temp-dir.ts';

function boot(): ClusterBoot {
  const dir = tempDir();
  return {
    ...{ app: 'web', appDir: dir, stateFile: `${dir}/cluster.json`, socket: `${dir}/cluster.sock`, sockets: [] },
    ...{ agentsSocket: `${dir}/agents.sock`, agent: '/agent.cjs', evenkeel: '0', generation: 0, ecosystem: null },
    presence: `${dir}/presence`,
  };
}
const output = { stdio: 'inherit', path: null } as const;

it('a cluster process that cannot be looked at is killed', async () => {
  const seen: (ProcessIdentity | null)[] = [];
  const { spawn } = clusterSpawner(output, (pid) => {
    seen.push(identify(pid));
    // It would not end by itself.
    sendSignal(pid, 'SIGSTOP');
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  });
  expect(() => spawn(boot(), [])).toThrow(expect.objectContaining({ code: 'SPAWN_FAILED' }));
  const [process] = seen;
  if (!process) throw new Error('none was started');
  expect(await waitForExit(process, 10_000)).toBe(true);
});

it('kills the very process that it has started', async () => {
  const { spawn, kill } = clusterSpawner(output);
  const process = spawn(boot(), []);
  if (process === null) throw new Error('it has ended at once');
  sendSignal(process.pid, 'SIGSTOP');
  kill(process);
  expect(await waitForExit(process, 10_000)).toBe(true);
});
