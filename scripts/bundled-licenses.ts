/** The terms of the packages whose code is in our files: each asks to be named with them. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The innermost package folder of a module; undefined for a module of ours and for one that the bundler made up. */
const packageFolder = (module: string): string | undefined =>
  /^[^\0].*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(module)?.[0]

function termsOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  }
  const files = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: folder }).toSorted()
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  if (license === undefined && texts.length === 0) throw new Error(`${name} says nothing of its license`)
  return [`${name} ${version} (${license})`, ...texts].join('\n\n')
}

/** @param modules the paths of all that was bundled @returns names, versions and license texts of their packages */
export function licensesOf(modules: readonly string[]): string {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined))
  const rule = `\n\n${'-'.repeat(80)}\n\n`
  const terms = [...folders].map(termsOf).toSorted()
  return `${['Code of these packages is part of the files beside this one.', ...terms].join(rule)}\n`
}
