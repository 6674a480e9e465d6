import { homedir, userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findUser, resolveUser } from '../../src/platform/users.ts';

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
