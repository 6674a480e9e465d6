import { homedir, userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findGroup, findUser, resolveAccount, resolveUser } from '../../src/platform/users.ts';

const PASSWD = `
root:x:0:0:root:/root:/bin/bash
www-data:x:33:34:www-data:/var/www:/usr/sbin/nologin
# a comment
+::::::
broken:x:abc:1::/:
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
`;

describe('findUser', () => {
  it.each([
    ['www-data', { uid: 33, gid: 34, name: 'www-data', home: '/var/www' }],
    ['33', { uid: 33, gid: 34, name: 'www-data', home: '/var/www' }],
    ['0033', { uid: 33, gid: 34, name: 'www-data', home: '/var/www' }],
    ['root', { uid: 0, gid: 0, name: 'root', home: '/root' }],
    ['www', null],
    ['', null],
    ['x', null],
    ['broken', null],
    ['-1', null],
  ])('%j', (user, expected) => {
    expect(findUser(PASSWD, user)).toEqual(expected);
  });

  it('reads the form of the BSDs', () => {
    const line = 'ann:********:501:20::0:0:Ann:/Users/ann:/bin/zsh\n';
    expect(findUser(line, 'ann')).toEqual({ uid: 501, gid: 20, name: 'ann', home: '/Users/ann' });
  });
});

describe('resolveUser', () => {
  it('knows who runs this', () => {
    const { username, uid, gid } = userInfo();
    expect(resolveUser(username)).toMatchObject({ uid, gid, name: username });
    expect(resolveUser(String(uid))).toMatchObject({ uid, gid });
    expect(resolveUser(username).home).toBe(userInfo().homedir || homedir());
  });

  it('takes an id without an entry as it is', () => {
    expect(resolveUser('3999999999')).toEqual({
      uid: 3_999_999_999,
      gid: 3_999_999_999,
      name: '3999999999',
      home: '/',
    });
  });

  it.each(['no-such-user-here', '--help', '', 'a b', '4294967295', '99999999999'])('refuses %j, naming it', (user) => {
    expect(() => resolveUser(user)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(JSON.stringify(user)) }),
    );
  });
});

const GROUP = `
root:x:0:
adm:x:4:ann,syslog
# a comment
broken:x:abc:
nogroup:x:65534:
`;

describe('findGroup', () => {
  it.each([
    ['adm', 4],
    ['4', 4],
    ['nogroup', 65_534],
    ['ann', null],
    ['broken', null],
    ['', null],
  ])('%j', (group, expected) => {
    expect(findGroup(GROUP, group)).toBe(expected);
  });
});

describe('resolveAccount', () => {
  it('gives a user its own groups, the primary one apart', () => {
    const { username, gid } = userInfo();
    const account = resolveAccount(username);
    expect(account).toMatchObject({ name: username, gid });
    expect(account.groups).not.toContain(gid);
  });

  it('gives one with a group that group alone', () => {
    expect(resolveAccount('3999999999:3999999998')).toEqual({
      ...{ uid: 3_999_999_999, gid: 3_999_999_998, groups: [], name: '3999999999', home: '/' },
    });
    expect(resolveAccount(`${userInfo().username}:12345`)).toMatchObject({ gid: 12_345, groups: [] });
  });

  it('refuses a group that there is not', () => {
    expect(() => resolveAccount(`${userInfo().username}:no-such-group-here`)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('"no-such-group-here"') }),
    );
  });
});
