import { once } from 'node:events'
import { cpSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../support/person.ts'
import { installedProject, type Project, said, startedReady } from './installed.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
const freePorts = ['--port', '0', '--operator-port', '0']

let project: Project
let root: string
beforeAll(async () => {
  project = await installedProject()
  root = join(project.folder, 'node_modules/panoptes')
}, 300_000)
afterAll(async () => project?.[Symbol.asyncDispose]())

const files = (): readonly string[] =>
  globSync('**/*', { cwd: root }).filter((path) => statSync(join(root, path)).isFile())

/** Every import of its JavaScript, as the bundler writes it, and where it stands. */
const imports = (): readonly { readonly path: string; readonly specifier: string }[] =>
  files()
    .filter((path) => /^dist\/.*\.js$/.test(path))
    .flatMap((path) =>
      [
        ...readFileSync(join(root, path), 'utf8').matchAll(
          /(?:^|[;}])(?:import|export)\b[^'"=;()]*\bfrom ?"([^"]+)"|(?:^|[;}])import ?"([^"]+)"|\bimport\([`"]([^`"]+)/gm,
        ),
      ].map(([, from, effect, called]) => ({ path, specifier: from ?? effect ?? called ?? '' })),
    )

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}
const manifest = (): Manifest => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Whether somebody still listens at a URL. */
const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  )

describe('the package', () => {
  test('holds the program with its data and documents, nothing of its workshop, and no TypeScript to run', () => {
    const strange = files().filter((path) => !/^(?:bin|config|dist|docs|views)\//.test(path))
    expect(strange.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'package.json'])
    expect(files().filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([])
    for (const path of ['dist/main.js', 'bin/panoptes.js', 'config/emulator.yaml', 'views/layout.eta'])
      expect(files()).toContain(path)
  })

  test('is smaller than 4 MB', () => {
    const bytes = files().reduce((sum, path) => sum + statSync(join(root, path)).size, 0)
    expect(bytes).toBeGreaterThan(500_000)
    expect(bytes).toBeLessThan(4_000_000)
  })

  test('imports no package that it does not depend on', () => {
    const packages = imports()
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^[.#]/.test(specifier) && !isBuiltin(specifier))
    // One that several files load is named by each of them.
    expect([...new Set(packages)].toSorted()).toEqual([
      '@node-saml/node-saml',
      'ioredis',
      'selfsigned',
      'undici',
    ])
    expect(Object.keys(manifest().dependencies)).toEqual(expect.arrayContaining(packages))
  })

  test('depends on the very versions whose code it holds, with their licenses, so that audits see them', () => {
    const licenses = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8')
    const held = [...licenses.matchAll(/^(\S+) (\d+\.\d+\.\d+) \([\w.-]+\)$/gm)].map(
      ([, name, version]) => `${name} ${version}`,
    )
    const apart = imports().map(({ specifier }) => specifier)
    const expected = Object.entries(manifest().dependencies)
      .filter(([name]) => !apart.includes(name))
      .map(([name, version]) => `${name} ${version}`)
    expect(expected.length).toBeGreaterThan(5)
    expect(held).toEqual(expect.arrayContaining(expected))
  })

  test('is a few files of JavaScript, as each costs time at the start (DECISIONS 45)', () => {
    const programs = files().filter((path) => /^dist\/.*\.js$/.test(path))
    expect(programs.length).toBeGreaterThan(5)
    expect(programs.length).toBeLessThan(30)
  })

  test('imports its own files by paths that are there', () => {
    const own = imports().filter(({ specifier }) => /^[.#]/.test(specifier))
    expect(own.length).toBeGreaterThan(10)
    expect(own.filter(({ path, specifier }) => !existsSync(join(root, path, '..', specifier)))).toEqual([])
  })
})

describe('the command of the package', () => {
  test('serves: one ready line, the documented call, single sign-on, and exit code 0 after SIGTERM', async () => {
    const command = [join(project.folder, 'node_modules/.bin/panoptes'), 'emulate', ...freePorts, '--json']
    const { child, ready } = await startedReady(project.folder, ...command)
    expect(ready).toMatchObject({ ready: true, url: expect.stringMatching(/^http:\/\/localhost:\d+$/) })
    const answer = await fetch(`${ready.url}/v7/tests`, {
      headers: { authorization: `Bearer ${documentedToken}` },
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toHaveProperty('tests')
    // Parts that are loaded when they are asked for.
    for (const path of [
      '/',
      '/playground',
      '/inspector',
      '/emulator',
      '/emulator/openapi.yaml',
      '/style.css',
    ])
      expect.soft((await fetch(new URL(path, ready.url))).status, path).toBe(200)
    // Single sign-on needs openid-client and the pages of the demo provider.
    const person = new Person()
    await person.open(`${ready.url}/account`)
    await person.press('Continue', { email: 'anyone@sso.example' })
    expect((await person.press('Sign in')).text).toContain('Your connections')
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test('serves as a broker: from the example, with an upstream that is not there', async () => {
    const data = join(project.folder, 'broker')
    const configuration = join(project.folder, 'node_modules/panoptes/config/broker.example.yaml')
    const command = ['npx', 'panoptes', 'serve', '--config', configuration, '--data', data, ...freePorts]
    const { ready } = await startedReady(project.folder, ...command, '--json')
    expect((await fetch(`${ready.operatorUrl}/health/ready`)).status).toBe(200)
    expect((await fetch(`${ready.url}/v7/tests`)).status).toBe(401)
    expect((await fetch(`${ready.url}/account`)).status).toBe(200)
  })

  test('serves through npx, with TLS and a store on disk, and is gone when npx is told to end', async () => {
    const kept = ['--data', join(project.folder, 'data'), '--tls']
    const command = ['npx', 'panoptes', ...freePorts, '--json', ...kept]
    const { child, ready } = await startedReady(project.folder, ...command)
    expect(await answers(ready.operatorUrl)).toBe(true)
    child.kill('SIGTERM')
    // npm ends the shell that it started us in, which tells nobody: the program notices by itself.
    while (await answers(ready.operatorUrl)) await pause(50)
  })

  test('examines the machine', async () => {
    const report = await said(project.folder, 'npx', 'panoptes', 'doctor', ...freePorts, '--json')
    const { ok, findings } = JSON.parse(report) as { ok: boolean; findings: readonly object[] }
    expect(ok).toBe(true)
    expect(findings.length).toBeGreaterThan(8)
    expect(await said(project.folder, 'npx', 'panoptes', 'doctor', ...freePorts)).toMatch(/, 0 FAIL\n$/)
  })

  test('says its version', async () => {
    expect(await said(project.folder, 'npx', 'panoptes', 'version')).toBe(`${manifest().version}\n`)
  })
})

/** A test as a stranger writes it, who checks types more strictly than we do and skips none of our declarations. */
const consumer = `
import { type Panoptes, startPanoptes } from 'panoptes/testing'

await using panoptes: Panoptes = await startPanoptes({ limits: 'off' })
const headers = { authorization: 'Bearer ${documentedToken}' }
const answer: Response = await fetch(new URL('/v7/tests', panoptes.url), { headers })
const { aheadSeconds }: { readonly aheadSeconds: number } = await panoptes.clock.advance('1h')
const users: readonly { readonly email: string }[] = await panoptes.users.list()
console.log(answer.status, aheadSeconds, users.length > 3)
// @ts-expect-error allowed are on and off
await startPanoptes({ limits: 'sometimes' }).catch((error: unknown) => console.log((error as Error).message))
`

describe('panoptes/testing of the package', () => {
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  }

  test('has types that need nothing but Node’s, and starts an emulator in the process', async () => {
    writeFileSync(join(project.folder, 'consumer.ts'), consumer)
    writeFileSync(
      join(project.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
    )
    const compiler = resolve('node_modules/typescript/bin/tsc')
    expect(await said(project.folder, process.execPath, compiler, '--project', '.')).toBe('')
    expect(await said(project.folder, process.execPath, 'consumer.ts')).toBe(
      '200 3600 true\n--limits: found "sometimes"; allowed are on and off\n',
    )
  })

  test('runs the example for node:test', async () => {
    cpSync('examples/node-test', join(project.folder, 'example'), { recursive: true })
    const report = await said(
      project.folder,
      process.execPath,
      '--test',
      '--test-reporter=tap',
      'example/*.test.js',
    )
    expect(report).toMatch(/# pass 5\n# fail 0/)
  })

  test('is all that can be imported', async () => {
    const importing = (name: string): Promise<string> =>
      said(project.folder, process.execPath, '--input-type=module', '--eval', `await import('${name}')`)
    for (const name of ['panoptes', 'panoptes/dist/main.js', 'panoptes/testing.js'])
      await expect(importing(name)).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
    expect(await importing('panoptes/testing')).toBe('')
  })
})
