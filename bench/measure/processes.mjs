// What the kernel says of processes: memory, CPU time, and which of them belong to a folder.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CLOCK_TICKS = 100;
const FIRST_FIELD_AFTER_NAME = 3;

/** Memory that only these processes have, in MB. */
export function privateMegabytes(pids) {
  return sum(pids.map(privateKilobytes)) / 1024;
}

/** The most that a process ever had in memory, shared pages too, in MB. */
export function peakMegabytes(pid) {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** CPU time used so far, in seconds. */
export function cpuSeconds(pids) {
  return sum(
    pids.map((pid) => {
      const fields = statFields(pid);
      return (Number(field(fields, 14)) + Number(field(fields, 15))) / CLOCK_TICKS;
    }),
  );
}

/** Processes that run in the folder, name it in their command line, or have a unix socket in it. */
export function processesOf(dir) {
  const sockets = socketsIn(dir);
  return pids().filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes(dir) || readlinkSync(`/proc/${pid}/cwd`).startsWith(dir)) return true;
      return sockets.size > 0 && openFiles(pid).some((file) => sockets.has(file));
    } catch {
      return false;
    }
  });
}

/** Waits until no process belongs to the folder; those that stay are killed, and that is an error. */
export async function noneLeftIn(dir, deadline = 10_000) {
  const end = performance.now() + deadline;
  while (processesOf(dir).length > 0) {
    if (performance.now() > end) {
      const left = processesOf(dir);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      throw new Error(`processes left behind, now killed: ${left.join(', ')}`);
    }
    await sleep(50);
  }
}

/** As the descriptors of a process name them. */
function socketsIn(dir) {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(fields.filter(([, , , , , , , path]) => path?.startsWith(dir)).map((line) => `socket:[${line[6]}]`));
}

function openFiles(pid) {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
}

function privateKilobytes(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return sum([...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].map(([, kilobytes]) => Number(kilobytes)));
}

/** The name of a process can hold spaces and parentheses. */
function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Numbered as in proc(5). */
function field(fields, number) {
  return fields[number - FIRST_FIELD_AFTER_NAME];
}

function pids() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
