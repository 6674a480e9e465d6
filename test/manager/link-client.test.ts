import { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { LinkClient } from '../../src/manager/link-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

it('a message that cannot be written leaves nothing behind that would wait for its answer', async () => {
  const clock = new FakeClock();
  const socket = new Socket();
  onTestFinished(() => void socket.destroy());
  const link = new LinkClient('web', socket, clock, { onNews: () => {}, onClose: () => {} });
  const circular: unknown[] = [];
  circular.push(circular);
  await expect(link.request('send', { message: circular }, 1_000)).rejects.toThrow(TypeError);
  expect(clock.armed).toBe(0);
});
