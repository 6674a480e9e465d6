import { describe, expect, it } from 'vitest';
import { planRunAs } from '../../src/platform/run-as.ts';
import type { Account } from '../../src/platform/users.ts';

const root = { uid: 0, gid: 0, platform: 'linux' } as const;
const ann = { uid: 1000, gid: 1000, platform: 'linux' } as const;
const shop: Account = { uid: 33, gid: 34, groups: [], name: 'shop', home: '/srv/shop' };
const SETPRIV = '/usr/bin/setpriv';

describe('planRunAs', () => {
  it('leaves a user with one group to spawn, which takes all groups of root away', () => {
    const plan = planRunAs(shop, { A: '1' }, root, () => null);
    expect(plan).toEqual({ ids: { uid: 33, gid: 34 }, through: [], env: { A: '1' }, uid: 33 });
  });

  it('goes through setpriv for a user with more groups', () => {
    const plan = planRunAs({ ...shop, groups: [4, 5] }, { A: '1' }, root, () => SETPRIV);
    const through = [SETPRIV, '--reuid=33', '--regid=34', '--groups=34,4,5', '--'];
    expect(plan).toEqual({ ids: {}, through, env: { A: '1' }, uid: 33 });
  });

  it('keeps what makes a program load files away from setpriv, which begins as root', () => {
    const env = { LD_PRELOAD: '/srv/shop/x.so', PATH: '/bin', MALLOC_TRACE: '/x', LOCPATH: '/y', LDAP: 'no' };
    const plan = planRunAs({ ...shop, groups: [4] }, env, root, () => SETPRIV);
    const held = { EVENKEEL_HELD_0: '/srv/shop/x.so', EVENKEEL_HELD_1: '/x', EVENKEEL_HELD_2: '/y' };
    expect(plan.env).toEqual({ PATH: '/bin', LDAP: 'no', ...held });
    expect(plan.through.slice(-4, -2)).toEqual(['/bin/sh', '-c']);
    // Anybody can read the arguments of a program.
    expect(plan.through.join(' ')).not.toMatch(/x\.so|\/x|\/y/);
  });

  it('refuses such a variable beside one whose name no shell hands on', () => {
    const env = { LD_PRELOAD: '/srv/shop/x.so', 'a.b': '1' };
    expect(() => planRunAs({ ...shop, groups: [4] }, env, root, () => SETPRIV)).toThrow(
      expect.objectContaining({ code: 'SPAWN_FAILED', hint: expect.stringContaining('user: shop:GROUP') }),
    );
  });

  it('does without setpriv where the system works the groups out itself', () => {
    const plan = planRunAs({ ...shop, groups: [4] }, {}, { ...root, platform: 'darwin' }, () => null);
    expect(plan).toMatchObject({ ids: { uid: 33, gid: 34 }, through: [] });
  });

  it('changes nothing for the user that it runs as', () => {
    const plan = planRunAs({ ...shop, uid: 1000, gid: 1000, groups: [4] }, { A: '1' }, ann, () => null);
    expect(plan).toEqual({ ids: {}, through: [], env: { A: '1' }, uid: null });
  });

  it.each([
    ['another user', shop],
    ['another group', { ...shop, uid: 1000 }],
  ])('refuses %s where it is not root', (_, account) => {
    expect(() => planRunAs(account, {}, ann, () => SETPRIV)).toThrow(
      expect.objectContaining({ code: 'SPAWN_FAILED', message: 'cannot run as shop: evenkeel does not run as root' }),
    );
  });

  it('refuses a user with more groups where there is no setpriv, and says what to do', () => {
    expect(() => planRunAs({ ...shop, groups: [4] }, {}, root, () => null)).toThrow(
      expect.objectContaining({ code: 'SPAWN_FAILED', hint: expect.stringContaining('user: shop:GROUP') }),
    );
  });
});
