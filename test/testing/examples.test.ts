import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
/** Each starts a program or two, which a busy machine lets wait. */
const patienceMs = 120_000
/** An example says nothing of it: vitest's 5 and 10 s are enough where nothing else runs. */
const patient = [`--hookTimeout=${patienceMs}`, `--testTimeout=${patienceMs}`]
const limits = { timeout: patienceMs, maxBuffer: 10_000_000 }

interface Outcome {
  readonly code: number
  readonly text: string
}

async function outcomeOf(running: ReturnType<typeof run>): Promise<Outcome> {
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, text: `${stdout}${stderr}` }),
    ({ code, stdout = '', stderr = '' }) => ({
      code: typeof code === 'number' ? code : -1,
      text: `${stdout}${stderr}`,
    }),
  )
}

/** A copy of an example whose `panoptes/testing` is the sources, as there is no build of them here. */
async function projectOf(example: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'panoptes-example-'))
  await cp(join(root, 'examples', example), path, { recursive: true })
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
  const sources = new URL('../../src/testing.ts', import.meta.url).href
  for (const file of (await readdir(path)).filter((name) => name.endsWith('.js'))) {
    const text = await readFile(join(path, file), 'utf8')
    expect(text).toContain("'panoptes/testing'")
    await writeFile(join(path, file), text.replace("'panoptes/testing'", `'${sources}'`))
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
)

describe('the examples', () => {
  let panoptes: Panoptes
  beforeAll(async () => {
    panoptes = await startPanoptes()
  }, patienceMs)
  afterAll(() => panoptes.stop())

  test('vitest runs', { timeout: patienceMs }, async () => {
    await using project = await projectOf('vitest')
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const { code, text } = await outcomeOf(
      run(process.execPath, [vitest, 'run', ...patient], { cwd: project.path, ...limits }),
    )
    expect(text).toMatch(/Tests +2 passed/)
    expect(code).toBe(0)
  })

  test('node-test runs', { timeout: patienceMs }, async () => {
    await using project = await projectOf('node-test')
    const { code, text } = await outcomeOf(
      run(process.execPath, ['--test', '--test-reporter=tap'], { cwd: project.path, ...limits }),
    )
    expect(text).toMatch(/# pass 5\n# fail 0/)
    expect(code).toBe(0)
  })

  test.runIf(hasPython)('python runs, where there is one', { timeout: patienceMs }, async () => {
    await panoptes.reset()
    const { code, text } = await outcomeOf(
      run('env', [`PANOPTES_URL=${panoptes.url}`, 'python3', '-B', '-m', 'unittest'], {
        cwd: join(root, 'examples/python'),
        ...limits,
      }),
    )
    expect(text).toMatch(/Ran 4 tests[\s\S]*OK/)
    expect(code).toBe(0)
  })

  test.runIf(hasPython)('python starts an emulator of its own', { timeout: patienceMs }, async () => {
    const main = join(root, 'src/main.ts')
    const script = `
from panoptes_client import Panoptes
with Panoptes.start(command=(${JSON.stringify(process.execPath)}, ${JSON.stringify(main)}, "emulate")) as panoptes:
    print(panoptes.advance("1h")["aheadSeconds"] >= 3600)
    print(panoptes.create_workspace("other").clock()["aheadSeconds"] < 60)
`
    const { code, text } = await outcomeOf(
      run('python3', ['-B', '-c', script], { cwd: join(root, 'examples/python'), ...limits }),
    )
    expect(text).toMatch(/^True\nTrue\n/)
    expect(code).toBe(0)
  })

  test('shell gets to an answer of v7 in four calls of curl', { timeout: patienceMs }, async () => {
    await panoptes.reset()
    const file = join(root, 'examples/shell/device-flow.sh')
    expect((await readFile(file, 'utf8')).match(/\bcurl -/g)).toHaveLength(4)
    const { code, text } = await outcomeOf(run('env', [`PANOPTES=${panoptes.url}`, 'sh', file], limits))
    expect(text).toContain('"decision": "approved"')
    expect(text).toContain('"tests":')
    expect(code).toBe(0)
    await panoptes.journal.expect({ name: 'getTests', status: 200 }, { times: 1 })
  })

  test('each has its line in the list', async () => {
    const list = await readFile(join(root, 'examples/README.md'), 'utf8')
    const folders = (await readdir(join(root, 'examples'), { withFileTypes: true })).filter((one) =>
      one.isDirectory(),
    )
    expect(folders.map(({ name }) => name).toSorted()).toEqual(
      [...list.matchAll(/^\| \[`([\w-]+)`\]/gm)].map(([, name]) => name ?? '').toSorted(),
    )
  })
})
