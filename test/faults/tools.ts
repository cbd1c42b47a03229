/** Programs that make faults, where this machine has them. */
import { spawnSync } from 'node:child_process'
import { closeSync, globSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const isOnPath = (program: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0

/** Why a scenario cannot run here; undefined when it can. */
export const withoutProgram = (program: string, debianPackage: string): string | undefined =>
  isOnPath(program) ? undefined : `needs ${program} (Debian: apt-get install ${debianPackage})`

/** Failing system calls, switched on and off in a process that runs under `starter`. */
export interface FailingCalls {
  readonly starter: readonly string[]
  /** @param point of libfiu's POSIX module @param errno what the calls then fail with */
  fail(pid: number, point: string, errno: number): void
  mend(pid: number, point: string): void
}

/** @param folder where the pipes to the process are made */
export function failingCalls(folder: string): FailingCalls {
  const pipes = `${folder}/fiu`
  const command = (pid: number, words: string): void => {
    const { status, stderr } = spawnSync('fiu-ctrl', ['-f', pipes, '-c', words, String(pid)])
    if (status !== 0) throw new Error(`fiu-ctrl failed: ${stderr}`)
  }
  return {
    starter: ['fiu-run', '-x', '-f', pipes],
    fail: (pid, point, errno) => command(pid, `enable name=${point},failinfo=${errno}`),
    mend: (pid, point) => command(pid, `disable name=${point}`),
  }
}

/** A disk of so many bytes, in memory. @returns why there can be none; undefined when it is mounted, until the test ends */
export function mountSmallDisk(folder: string, bytes: number): string | undefined {
  mkdirSync(folder, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'panoptes-faults', folder])
  if (status !== 0) return 'needs root, to mount a small disk'
  onTestFinished(() => void spawnSync('umount', ['-l', folder]))
  return undefined
}

/** Takes what room there is. */
export function fillDisk(path: string): void {
  const descriptor = openSync(path, 'a')
  try {
    for (let size = 65_536; size >= 512; size /= 2)
      try {
        for (;;) writeSync(descriptor, Buffer.alloc(size))
      } catch {
        // Smaller pieces may still fit.
      }
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Starts a program that sees other files in the place of some, without anybody else seeing them.
 * @returns the words before its command; undefined where this process may not do so
 */
export function inOwnMounts(
  files: readonly (readonly [file: string, place: string])[],
): readonly string[] | undefined {
  const words = ['unshare', '--mount', 'sh', '-c']
  const mounts = files.map(([file, place]) => `mount --bind '${file}' '${place}'`)
  const starter = [...words, [...mounts, 'exec "$@"'].join(' && '), 'sh']
  const [program = '', ...rest] = [...starter, 'true']
  return spawnSync(program, rest).status === 0 ? starter : undefined
}

/** A clock of day that is moved for processes, and for them alone; what they measure time by stays as it is. */
export interface MovableClock {
  /** Of whoever has it. */
  readonly environment: Readonly<Record<string, string>>
  /** @param seconds before the machine's */
  step(seconds: number): void
}

/** @returns why there can be none, or the clock */
export function movableClock(folder: string): MovableClock | string {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
  if (library === undefined) return 'needs libfaketime (Debian: apt-get install faketime)'
  const file = join(folder, 'clock')
  const step = (seconds: number): void => writeFileSync(file, `+${seconds}\n`)
  step(0)
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return { environment, step }
}
