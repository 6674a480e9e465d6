// A rotated file as a stream of bytes, compressed or not. (CLI.)

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { RotatedFile } from './rotated-files.ts';

export async function* readRotated(file: Pick<RotatedFile, 'path' | 'compressed'>): AsyncGenerator<Buffer> {
  const input = createReadStream(file.path);
  if (!file.compressed) {
    yield* input;
    return;
  }
  const output = createGunzip();
  input.on('error', (error) => output.destroy(error));
  try {
    yield* input.pipe(output);
  } finally {
    input.destroy();
  }
}
