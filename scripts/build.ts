/**
 * `npm run build`: what the package holds below `dist`, made from `src`. JavaScript, because Node strips no types below
 * node_modules, and of declarations those that `panoptes/testing` reaches. The clone itself runs from its sources.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { run } from './test-checks.ts'

const root = join(import.meta.dirname, '..')
const output = join(root, 'dist')

const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, string>>
}

/** What stands behind `from`, `import` and `import(`, in either quote, and is ours. */
const ownSpecifier = /(?<=\bfrom\s*['"]|\bimport\s*\(?\s*['"])(?:\.{1,2}\/|#)[^'"]+(?=['"])/g

/** @param file the path of the emitted file that says so, from `dist` @returns the path of the source meant, from `src` */
function sourceOf(specifier: string, file: string): string {
  if (!specifier.startsWith('#')) return posix.join(posix.dirname(file), specifier)
  const alias = `${specifier.slice(0, specifier.indexOf('/'))}/*.ts`
  const folder = imports[alias]
  if (folder === undefined)
    throw new Error(`${file} imports ${specifier}, for which package.json has no alias`)
  return folder.replace('./src/', '').replace('*.ts', specifier.slice(alias.length - '*.ts'.length))
}

/** Names emitted files, by relative paths, where the source named sources: aliases of a package lead to its `src`. */
function withRelativeImports(text: string, file: string): string {
  return text.replace(ownSpecifier, (specifier) => {
    const target = sourceOf(specifier, file).replace(/\.ts$/, '.js')
    if (!existsSync(join(output, target)))
      throw new Error(`${file} imports ${specifier}, which is not in dist`)
    const path = posix.relative(posix.dirname(file), target)
    return path.startsWith('.') ? path : `./${path}`
  })
}

const emitted = (pattern: string): readonly string[] =>
  globSync(join(output, pattern)).map((path) => relative(output, path).split(sep).join('/'))

/** @returns the declarations that one of them needs, itself included */
function declarationsReachedFrom(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file) || !existsSync(join(output, file))) return seen
  seen.add(file)
  for (const [specifier] of readFileSync(join(output, file), 'utf8').matchAll(ownSpecifier))
    declarationsReachedFrom(posix.join(dirname(file), specifier).replace(/\.js$/, '.d.ts'), seen)
  return seen
}

rmSync(output, { recursive: true, force: true })
const compilation = {
  title: 'Build',
  npmPackage: 'typescript',
  parameters: ['--project', 'tsconfig.build.json'],
  limitMinutes: 5,
}
if ((await run(compilation)) !== 0) process.exit(1)
for (const file of emitted('**/*.{js,d.ts}')) {
  const path = join(output, file)
  writeFileSync(path, withRelativeImports(readFileSync(path, 'utf8'), file))
}
const needed = declarationsReachedFrom('testing.d.ts')
for (const file of emitted('**/*.d.ts')) if (!needed.has(file)) rmSync(join(output, file))
