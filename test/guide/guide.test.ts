import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { announcedBy, marked, observedIn, onlyBlock, type Section, sectionsOf } from './guide.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const markdown = await readFile(join(root, 'docs/testing-your-integration.md'), 'utf8')
const sections = sectionsOf(markdown)
const recipes = sections.filter(({ title }) => /^\d/.test(title))
const longestMs = 90_000

function section(title: string): Section {
  const found = sections.find((one) => one.title === title)
  if (!found) throw new Error(`the guide has no section ${title}`)
  return found
}

const start = section('Start the emulator')
const preparations = section('Read a recipe')
const preparation = onlyBlock(preparations, 'sh')
const workspaces = onlyBlock(section('Workspaces, clocks, journal'), 'sh')
const preparationInTs = onlyBlock(preparations, 'ts')

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly complaints: string
}

/** Runs a script as if it were pasted, with this Node on the path and no proxy in between. */
async function paste(shell: 'bash' | 'sh', url: string, script: string): Promise<Ran> {
  const defaultOrigin = 'at=http://localhost:7070\n'
  expect(script.split(defaultOrigin)).toHaveLength(2)
  const child = spawn(shell, { stdio: 'pipe', timeout: longestMs, killSignal: 'SIGKILL' })
  child.stdin.end(
    `PATH="${dirname(process.execPath)}:$PATH"; export no_proxy='*'\n${script.replace(defaultOrigin, `at=${url}\n`)}`,
  )
  const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, complaints }
}

/** Runs a shell block after the preparation and compares line by line. */
async function expectAnnounced(shell: 'bash' | 'sh', url: string, block: string): Promise<void> {
  const announced = announcedBy(block)
  const { code, out, complaints } = await paste(shell, url, `${preparation}${marked(block)}`)
  expect(observedIn(out, announced)).toEqual(announced)
  expect(complaints).toBe('')
  expect(code).toBe(0)
}

/** Files in it are modules. */
const moduleFolder = { 'package.json': '{ "type": "module" }' }

/** Files beside each other in a folder that is removed in the end. */
async function folderOf(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'panoptes-guide-'))
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(path, name), content)))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Commands within the text, in backticks. */
const inText = (start: RegExp): readonly string[] =>
  [...markdown.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => start.test(code))

const run = promisify(execFile)
const inTs = (recipe: Section): string => `${preparationInTs}${onlyBlock(recipe, 'ts')}`

describe('the guide', () => {
  test('has ten recipes, each in a shell and in Node', () => {
    expect(recipes.map(({ title }) => Number.parseInt(title, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const { blocks } of recipes) expect(blocks.map(({ language }) => language)).toEqual(['sh', 'ts'])
  })

  test('has no other code than what is run here', () => {
    expect(
      sections.filter((one) => !recipes.includes(one)).map(({ title, blocks }) => [title, blocks.length]),
    ).toEqual([
      ['Start the emulator', 1],
      ['Read a recipe', 2],
      ['Workspaces, clocks, journal', 1],
    ])
    expect(markdown.match(/^```/gm)).toHaveLength(2 * (1 + 3 + 20))
  })

  test('has lines of at most 140 characters', () => {
    expect(markdown.split('\n').filter((line) => line.length > 140)).toEqual([])
  })

  test('starts the emulator by commands that are understood', () => {
    const [, inCi = ''] = /add `(--port [^`]*)`/.exec(markdown) ?? []
    expect(onlyBlock(start, 'sh')).toBe('npx panoptes emulate\n')
    expect(readSettings([], {})).toMatchObject({ port: 7070 })
    expect(readSettings(inCi.split(' '), {})).toMatchObject({ port: 0, operatorPort: 0, json: true })
  })

  test('mentions no outcome below a line that prints none, and none twice for a line', () => {
    for (const block of [workspaces, ...recipes.map((recipe) => onlyBlock(recipe, 'sh'))]) {
      const announced = announcedBy(block)
      expect(announced.length).toBeGreaterThan(0)
      expect(
        announced.filter(({ after }) => !/^(?:ask|call|poll|refresh|post|echo) /.test(`${after} `)),
      ).toEqual([])
      expect(block).not.toMatch(/^# ->.*\n# ->/m)
      // The check below sees only lines that are outcomes to the letter.
      expect(block.match(/->/g)).toHaveLength(announced.length)
    }
  })
})

describe('a recipe in a shell', () => {
  let panoptes: Panoptes
  beforeAll(async () => {
    panoptes = await startPanoptes()
  })
  afterAll(() => panoptes.stop())

  test.each(recipes)('$title', { timeout: 2 * longestMs }, async (recipe) => {
    const [number] = recipe.title.split('.')
    await using workspace = await panoptes.workspaces.create(`recipe-${number}`)
    await expectAnnounced('bash', workspace.url, onlyBlock(recipe, 'sh'))
  })

  test('has a workspace of its own where it wants one', { timeout: 2 * longestMs }, async () => {
    await expectAnnounced('bash', panoptes.url, workspaces)
    expect((await panoptes.workspaces.list()).map(({ name }) => name)).toEqual(['default'])
  })

  test('follows the others in one terminal, whatever the shell', { timeout: 2 * longestMs }, async () => {
    await expectAnnounced('sh', panoptes.url, recipes.map((recipe) => onlyBlock(recipe, 'sh')).join('\n'))
  })

  test('has commands in its text that are understood', { timeout: 2 * longestMs }, async () => {
    const commands = inText(/^(?:tell|ask) /)
    expect(commands.length).toBeGreaterThan(5)
    await using workspace = await panoptes.workspaces.create('in-text')
    const { code, out, complaints } = await paste(
      'bash',
      workspace.url,
      [preparation, 'connect', ...commands, ''].join('\n'),
    )
    expect(out).not.toContain('about:blank')
    expect(complaints).toBe('')
    expect(code).toBe(0)
  })

  test.each([
    ['another outcome', 'echo 401\n# -> 400\n'],
    ['a line too many', 'echo 400\necho 401\n# -> 401\n'],
    ['a line at the end', 'echo 400\n# -> 400\necho 401\n'],
    ['nothing where something is announced', 'true\n# -> 400\n'],
    ['what the emulator refuses', 'tell users/nobody/lock -X PUT\necho 400\n# -> 400\n'],
    ['an end before the last outcome', 'echo 400\n# -> 400\nexit\necho 401\n# -> 401\n'],
  ])('fails on %s', async (_, block) => {
    await expect(expectAnnounced('bash', panoptes.url, block)).rejects.toThrow()
  })
})

describe('a recipe in Node', () => {
  const specifier = "'panoptes/testing'"

  test.each(recipes)('$title', { timeout: 2 * longestMs }, async (recipe) => {
    const program = inTs(recipe)
    expect(program.split(specifier)).toHaveLength(2)
    const sources = new URL('../../src/testing.ts', import.meta.url).href
    await using folder = await folderOf({
      ...moduleFolder,
      'recipe.ts': program.replace(specifier, `'${sources}'`),
    })
    const { stdout, stderr } = await run(process.execPath, [join(folder.path, 'recipe.ts')], {
      timeout: longestMs,
    })
    expect(stdout + stderr).toBe('')
  })

  test('asserts what the shell announces', () => {
    for (const recipe of recipes)
      expect(onlyBlock(recipe, 'ts').match(/\bassert\./g)?.length).toBeGreaterThan(2)
  })

  test('has the types of the library', { timeout: 4 * longestMs }, async () => {
    const compilerOptions = {
      paths: { 'panoptes/testing': [join(root, 'src/testing.ts')] },
      typeRoots: [join(root, 'node_modules/@types')],
      declaration: false,
      isolatedDeclarations: false,
      // Of the preparation a recipe uses a part.
      noUnusedLocals: false,
    }
    const calls = inText(/^(?:await (?:using \w+ = await )?)?panoptes\./)
    expect(calls.length).toBeGreaterThan(4)
    const known = 'declare const token: string, user: string, url: string'
    await using folder = await folderOf({
      ...moduleFolder,
      ...Object.fromEntries(recipes.map((recipe, index) => [`recipe-${index + 1}.ts`, inTs(recipe)])),
      'in-text.ts': [preparationInTs, known, ...calls].join('\n'),
      'tsconfig.json': JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions,
        include: ['*.ts'],
      }),
    })
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const complaints = await run(process.execPath, [compiler, '-p', folder.path], {
      timeout: 2 * longestMs,
    }).then(
      () => '',
      ({ stdout }) => String(stdout),
    )
    expect(complaints).toBe('')
  })
})
