// Which sink each stream of an app goes to: one sink for each file, however many streams go there. (Cluster process.)

import type { Writable } from 'node:stream';
import type { LogSpec, LogTarget } from '../core/spec.ts';
import type { LogLine } from '../protocol/cluster-link.ts';
import { type LineSink, nullSink } from './line-sink.ts';
import { RotatingSink, type RotationSettings } from './rotating-sink.ts';
import type { FileAccess } from './safe-place.ts';
import { openSharedFile, SHARED_SETTINGS } from './shared-file.ts';
import { StreamSink } from './stream-sink.ts';

export type StreamName = LogLine['stream'];
export const STREAMS: readonly StreamName[] = ['stdout', 'stderr'];

export interface TargetPorts {
  /** Where `"-"` goes. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Absolute path of the file that `"-"` goes to instead, and which others write to as well; null: there is none. */
  readonly ownOutput?: string | null;
  /** Milliseconds since the epoch, by the system's clock. */
  readonly now: () => number;
  readonly onProblem: (stream: string, message: string) => void;
  /** Who may read the files, and change the folders that they are in. */
  readonly access?: () => FileAccess;
}

/** Where a stream's file stands: see `RotatingSink.sizeAt`. */
export interface FileMark {
  readonly stream: StreamName;
  readonly path: string;
  readonly size: () => number;
}

export class LogTargets {
  readonly #ports: TargetPorts;
  readonly #onDrain: () => void;
  #spec: LogSpec;
  /** By what #keyOf says. */
  #sinks = new Map<string, LineSink>();

  constructor(spec: LogSpec, ports: TargetPorts, onDrain: () => void) {
    this.#ports = ports;
    this.#onDrain = onDrain;
    this.#spec = spec;
    this.#sinks = this.#sinksFor(spec);
  }

  sinkOf(stream: StreamName): LineSink {
    return this.#sinks.get(this.#keyOf(this.#spec[stream], stream)) ?? nullSink;
  }

  /** Lines written from now on go where `spec` says. Resolves when files no longer used are closed. */
  async apply(spec: LogSpec, deadline: number): Promise<void> {
    const before = this.#sinks;
    this.#sinks = this.#sinksFor(spec);
    this.#spec = spec;
    const unused = [...before.values()].filter((sink) => ![...this.#sinks.values()].includes(sink));
    await Promise.all(unused.map((sink) => sink.close(deadline)));
  }

  /** The places that the streams which go to files have reached at this moment. */
  mark(): FileMark[] {
    return STREAMS.flatMap((stream) => {
      const target = this.#spec[stream];
      const sink = this.sinkOf(stream);
      if (target.kind !== 'file' || !(sink instanceof RotatingSink)) return [];
      const { position } = sink;
      return [{ stream, path: target.path, size: () => sink.sizeAt(position) }];
    });
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map((sink) => sink.flush()));
  }

  async close(deadline: number): Promise<void> {
    await Promise.all([...this.#sinks.values()].map((sink) => sink.close(deadline)));
  }

  #sinksFor(spec: LogSpec): Map<string, LineSink> {
    const sinks = new Map<string, LineSink>();
    for (const stream of STREAMS) {
      const target = spec[stream];
      const key = this.#keyOf(target, stream);
      const sink = sinks.get(key) ?? this.#sinks.get(key) ?? this.#make(target, stream, spec);
      if (target.kind === 'file' && sink instanceof RotatingSink) sink.apply(this.#settingsFrom(spec));
      sinks.set(key, sink);
    }
    return sinks;
  }

  #settingsFrom(spec: LogSpec): RotationSettings {
    return { ...spec, ...this.#ports.access?.() };
  }

  #make(target: LogTarget, stream: StreamName, spec: LogSpec): LineSink {
    const onProblem = (message: string): void => this.#ports.onProblem(stream, message);
    const { now, ownOutput = null } = this.#ports;
    const common = { now, onDrain: this.#onDrain, onProblem };
    switch (target.kind) {
      case 'off':
        return nullSink;
      case 'inherit':
        return ownOutput === null
          ? new StreamSink(this.#ports[stream], this.#onDrain, onProblem)
          : new RotatingSink({ ...common, path: ownOutput, settings: SHARED_SETTINGS, openFile: openSharedFile });
      case 'file':
        return new RotatingSink({ ...common, path: target.path, settings: this.#settingsFrom(spec) });
    }
  }

  /** Streams with the same key go to the same sink. */
  #keyOf(target: LogTarget, stream: StreamName): string {
    if (target.kind === 'file') return target.path;
    const shared = target.kind === 'inherit' && (this.#ports.ownOutput ?? null) !== null;
    return shared ? '- inherit' : `- ${target.kind} ${stream}`;
  }
}
