/**
 * `npm run build`: what the package holds below `dist`, made from `src`. JavaScript in a few files, the packages that it uses
 * included, because Node strips no types below node_modules and hundreds of files load slowly (DECISIONS 45); and of declarations
 * those that `panoptes/testing` reaches. The clone itself runs from its sources.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix, relative, sep } from 'node:path'
import { type Plugin, rolldown } from 'rolldown'
import { licensesOf } from './bundled-licenses.ts'
import { run } from './test-checks.ts'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'src')
const output = join(root, 'dist')

const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, string>>
}

/** What stands behind `from` and `import(`, in either quote, and is ours. */
const ownSpecifier = /(?<=\bfrom\s*['"]|\bimport\s*\(?\s*['"])(?:\.{1,2}\/|#)[^'"]+(?=['"])/g

/** @param file the path of the declaration that says so, from `dist` @returns the path of the source meant, from `src` */
function sourceOf(specifier: string, file: string): string {
  if (!specifier.startsWith('#')) return posix.join(posix.dirname(file), specifier)
  const alias = `${specifier.slice(0, specifier.indexOf('/'))}/*.ts`
  const folder = imports[alias]
  if (folder === undefined)
    throw new Error(`${file} imports ${specifier}, for which package.json has no alias`)
  return folder.replace('./src/', '').replace('*.ts', specifier.slice(alias.length - '*.ts'.length))
}

/** Names declarations, by relative paths, where the source named sources: aliases of a package lead to its `src`. */
function withRelativeImports(text: string, file: string): string {
  return text.replace(ownSpecifier, (specifier) => {
    const path = posix.relative(posix.dirname(file), sourceOf(specifier, file).replace(/\.ts$/, '.js'))
    return path.startsWith('.') ? path : `./${path}`
  })
}

/** Copies a declaration from where the compiler wrote it, and those that it needs. @throws when one of them is not there */
function copyDeclaration(compiled: string, file: string): void {
  const target = join(output, file)
  if (existsSync(target)) return
  const text = withRelativeImports(readFileSync(join(compiled, file), 'utf8'), file)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
  for (const [specifier] of text.matchAll(ownSpecifier))
    copyDeclaration(compiled, posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.d.ts'))
}

async function writeDeclarations(): Promise<void> {
  const compiled = mkdtempSync(join(tmpdir(), 'panoptes-declarations-'))
  const compilation = {
    title: 'Declarations',
    npmPackage: 'typescript',
    parameters: ['--project', 'tsconfig.build.json', '--outDir', compiled],
    limitMinutes: 5,
  }
  try {
    if ((await run(compilation)) !== 0) throw new Error('the compiler wrote no declarations')
    copyDeclaration(compiled, 'testing.d.ts')
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

/** A module finds config and views from where its source is, which is as deep below `src` as it would be below `dist`. */
const ownPlaces: Plugin = {
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(sources + sep)) return undefined
    const place = relative(sources, id).split(sep).join('/').replace(/\.ts$/, '.js')
    return code.replaceAll('import.meta.url', `new URL('./${place}', import.meta.url).href`)
  },
}

/** Loaded when they are asked for, and by few: these stay packages. */
const packagesApart = ['@node-saml/node-saml', 'ioredis', 'selfsigned', 'undici']

/**
 * Entries, and what they share or load later in a file each, together with the packages that they use. Names stay as they are.
 * @returns the paths of all modules in them
 */
async function writePrograms(): Promise<readonly string[]> {
  console.log('\n── Programs')
  const bundle = await rolldown({
    input: { main: join(sources, 'main.ts'), testing: join(sources, 'testing.ts') },
    platform: 'node',
    external: packagesApart,
    plugins: [ownPlaces],
    onLog(level, { code, message }) {
      // Koa's depd wraps deprecated functions by eval, which works in a bundle too.
      if (level === 'warn' && code !== 'EVAL') throw new Error(message)
    },
  })
  const { output: files } = await bundle.write({
    dir: output,
    chunkFileNames: '[name]-[hash].js',
    // The library's entry needs the clock at once, and everything else only when it starts a server.
    codeSplitting: {
      groups: [
        { name: 'clock', test: /src[\\/]domain[\\/]clock\.ts$/, priority: 1 },
        { name: 'shared', minShareCount: 2 },
      ],
    },
    comments: false,
    // Without the spaces between words: names, and so what a stack tells, stay.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  })
  await bundle.close()
  for (const { fileName } of files) console.log(`dist/${fileName}`)
  return files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
}

rmSync(output, { recursive: true, force: true })
await writeDeclarations()
const modules = await writePrograms()
writeFileSync(join(output, 'THIRD-PARTY-LICENSES.txt'), licensesOf(modules))
