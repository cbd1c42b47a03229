import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'

/** A main file that tells what it was given, and can be told to fail, to die, or to drain on a signal. */
const main = `
const [first, ...rest]: string[] = process.argv.slice(2)
export const run = (): void => undefined
if (first === 'exit') process.exit(Number(rest[0]))
else if (first === 'die') process.kill(process.pid, 'SIGKILL')
else if (first === 'serve') {
  setTimeout(() => process.exit(99), 20_000)
  process.once('SIGTERM', () => setTimeout(() => process.exit(7), 100))
  process.stdout.write('ready')
} else console.log(JSON.stringify({ version: process.versions.node, given: process.argv.slice(2) }))
`

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A clone with the entry, a main file and, where it is asked for, a pinned Node of some version. */
function clone({ pinned, below = '' }: { readonly pinned?: string; readonly below?: string }): string {
  const top = mkdtempSync(join(tmpdir(), 'panoptes-entry-'))
  folders.push(top)
  const root = join(top, below)
  write(join(root, 'package.json'), '{ "type": "module" }')
  write(join(root, 'src/main.ts'), main)
  mkdirSync(join(root, 'bin'))
  copyFileSync('bin/panoptes.js', join(root, 'bin/panoptes.js'))
  write(
    join(top, 'old.cjs'),
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
  )
  if (pinned === undefined) return root
  write(join(top, 'node_modules/node/package.json'), JSON.stringify({ name: 'node', version: pinned }))
  mkdirSync(join(top, 'node_modules/node/bin'))
  symlinkSync(process.execPath, join(top, 'node_modules/node/bin/node'))
  return root
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** Runs the entry on this Node, or on this Node under the name of Node 20. */
function start(root: string, given: readonly string[], { old = true } = {}): ChildProcess {
  const preload = old ? ['--require', join(folders[0] ?? '', 'old.cjs')] : []
  return spawn(process.execPath, [...preload, join(root, 'bin/panoptes.js'), ...given], { timeout: 15_000 })
}

async function outcome(child: ChildProcess): Promise<Record<'out' | 'error' | 'code' | 'signal', unknown>> {
  const [out, error, [code, signal]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
    once(child, 'close'),
  ])
  return { out, error, code, signal }
}

describe('bin/panoptes.js', () => {
  test.each([
    ['on a new Node, without a pinned one', {}, { old: false }],
    ['on an old Node, by the pinned one', { pinned: '24.21.0' }, { old: true }],
    ['on an old Node, by a pinned one that is hoisted', { pinned: '26.0.0', below: 'a/b' }, { old: true }],
  ])('runs the main file %s with all arguments', async (_, place, node) => {
    const { out, error, code } = await outcome(start(clone(place), ['--port', '0', 'a b'], node))
    expect({ error, code }).toEqual({ error: '', code: 0 })
    expect(JSON.parse(String(out))).toEqual({ version: process.versions.node, given: ['--port', '0', 'a b'] })
  })

  test('hands back the exit code', async () => {
    expect(await outcome(start(clone({ pinned: '24.0.0' }), ['exit', '3']))).toMatchObject({ code: 3 })
  })

  test('ends by the signal that ended the program', async () => {
    const ended = await outcome(start(clone({ pinned: '24.0.0' }), ['die']))
    expect(ended).toMatchObject({ code: null, signal: 'SIGKILL' })
  })

  test('passes SIGTERM on and waits for the drain', async () => {
    const child = start(clone({ pinned: '24.0.0' }), ['serve'])
    child.stdout?.once('data', () => child.kill('SIGTERM'))
    expect(await outcome(child)).toMatchObject({ out: 'ready', code: 7 })
  })

  test('is followed by the program when it is killed', async () => {
    const child = start(clone({ pinned: '24.0.0' }), ['serve'])
    child.stdout?.once('data', () => child.kill('SIGKILL'))
    // Both had this standard output, which is closed once neither is there.
    expect(await outcome(child)).toMatchObject({ out: 'ready', signal: 'SIGKILL' })
  })

  test.each([
    ['none is pinned', {}],
    ['the pinned one is old too', { pinned: '22.9.0' }],
  ])('says in one line on an old Node what is needed when %s', async (_, pinned) => {
    const { out, error, code } = await outcome(start(clone(pinned), []))
    expect({ out, code }).toEqual({ out: '', code: 1 })
    expect(error).toMatch(/^panoptes: needs Node >= 24 \(this is 20\.1\.0\).*\n$/)
  })
})
