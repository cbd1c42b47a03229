/** The version before this one, out of the history of this repository, to be run beside it: there is no release that could be installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { freshFolder } from './sqlite-ground.ts'

const clone = join(import.meta.dirname, '../..')
const { commit } = load(readFileSync(join(import.meta.dirname, 'earlier-version.yaml'), 'utf8')) as {
  readonly commit: string
}
/** What it takes to run it. */
const program = ['bin', 'config', 'package-lock.json', 'package.json', 'src', 'views'] as const

/** Why it cannot be run here; undefined when it can. */
export function withoutHistory(): string | undefined {
  const { status } = spawnSync('git', ['-C', clone, 'cat-file', '-e', `${commit}^{commit}`])
  return status === 0
    ? undefined
    : `needs the history of this repository, and has no commit ${commit.slice(0, 7)} (git fetch --unshallow)`
}

/** What the program needs of npm, and in which version. */
function packagesOf(folder: string): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean }>>
  }
  return Object.entries(packages).flatMap(([path, { version, dev }]) =>
    path === '' || dev ? [] : [`${path} ${version}`],
  )
}

/** Ours, one by one, as caches beside them are another version's; what npm has where a version differs. */
function providePackages(folder: string): void {
  const ours = new Set(packagesOf(clone))
  if (!packagesOf(folder).every((one) => ours.has(one))) {
    const quietly = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    execFileSync('npm', ['ci', ...quietly], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    return
  }
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(clone, 'node_modules')).filter((one) => !one.startsWith('.')))
    symlinkSync(join(clone, 'node_modules', name), join(folder, 'node_modules', name))
}

/** @returns the folder of a clone that was never changed since that commit, until the test ends */
export function earlierVersion(): string {
  const folder = freshFolder()
  const archive = join(folder, 'program.tar')
  execFileSync('git', ['-C', clone, 'archive', '--output', archive, commit, ...program])
  execFileSync('tar', ['-x', '-f', archive, '-C', folder])
  providePackages(folder)
  return folder
}
