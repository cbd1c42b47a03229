/** The package as a stranger gets it: packed, and installed into an empty project. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Ready } from '../start/program.ts'

const run = promisify(execFile)

/** npm, npx and our own command; `npm test` tells its children where it is at home, which is wrong for another project. */
const withoutPrefix = [
  '-u',
  'npm_config_local_prefix',
  '-u',
  'npm_config_prefix',
  '-u',
  'npm_lifecycle_event',
]

/** Runs a command in a folder, to its end. @returns what it said on standard output @throws when it fails */
export async function said(folder: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run('env', [...withoutPrefix, ...command], {
    cwd: folder,
    timeout: 150_000,
    maxBuffer: 16_000_000,
  })
  return stdout
}

export interface Project extends AsyncDisposable {
  readonly folder: string
}

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Packs this repository, with the build that belongs to it, and installs that into a project that has Node's types and no more. */
export async function installedProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-package-'))
  const dispose = async (): Promise<void> => rmSync(folder, { recursive: true, force: true })
  try {
    await said('.', 'npm', 'pack', '--pack-destination', folder)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball'
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund']
    await said(folder, 'npm', ...install, `./${tarball}`, `@types/node@${devDependencies['@types/node']}`)
  } catch (error) {
    await dispose()
    throw error
  }
  return { folder, [Symbol.asyncDispose]: dispose }
}

export interface Started {
  readonly child: ChildProcess
  readonly ready: Ready
}

/** Starts a command that says one ready line, and ends it at the latest with the test. */
export async function startedReady(folder: string, ...command: readonly string[]): Promise<Started> {
  const child = spawn('env', [...withoutPrefix, ...command], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  // npx has children of its own: the group is all of them.
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // All of them have ended.
    }
  })
  const complaint = text(child.stderr)
  let line = ''
  while (!line.includes('\n')) {
    const [chunk] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) =>
        complaint.then((words) => Promise.reject(new Error(`it ended with ${code}: ${words}`))),
      ),
    ])) as [Buffer]
    line += chunk.toString()
  }
  return { child, ready: JSON.parse(line) as Ready }
}
