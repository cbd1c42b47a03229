import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CoverageRow } from '#upstream/emulator/coverage.ts'
import { type CommandLineParts, runCommandLine } from '../../src/command-line/command-line.ts'
import { readBrokerSettings, readSettings, SettingsError } from '../../src/settings.ts'
import { startProgram, startReady } from '../start/program.ts'
import { machineSurroundings } from '../support/machine-surroundings.ts'

interface Said {
  readonly exitCode: number | undefined
  readonly text: string
}

/** Runs a command that ends by itself, in this process. */
async function said(...args: readonly string[]): Promise<Said> {
  const texts: string[] = []
  const parts: CommandLineParts = {
    surroundings: machineSurroundings,
    settingsOf: (options) => readSettings(options, {}),
    brokerSettingsOf: (options) => readBrokerSettings(options, {}),
    print: (text) => void texts.push(text),
    network: { fetch },
    readInput: async () => '',
  }
  return { exitCode: await runCommandLine(args, parts), text: texts.join('\n') }
}

const commandWords =
  'allowed are emulate, serve, doctor, users, init, keys, explain, migrate, coverage, help, version, or none and options alone'

describe('panoptes', () => {
  test.each([
    ['without a command', []],
    ['with the command emulate', ['emulate']],
  ])('serves %s', async (_, command) => {
    const { ready, child, ended } = await startReady(command)
    expect((await fetch(`${ready.operatorUrl}/health/ready`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })

  test.each([
    ['start', `found the command "start"; ${commandWords}`],
    ['Doctor', `found the command "Doctor"; ${commandWords}`],
    ['toString', `found the command "toString"; ${commandWords}`],
    ['--hepl', "Unknown option '--hepl'; allowed are --host"],
  ])('refuses %s in one line that says what is allowed', async (first, words) => {
    const { stdout, stderr, code } = await startProgram(first.startsWith('-') ? ['emulate', first] : [first])
      .ended
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(/^panoptes: [^\n]+\n$/)
    expect(stderr).toContain(words)
  })

  test('refuses a command behind options', async () => {
    await expect(said('--port', '0', 'doctor')).rejects.toThrow(SettingsError)
    await expect(said('--port', '0', 'doctor')).rejects.toThrow(/^Unexpected argument 'doctor'/)
  })

  test('takes no empty word for a command', async () => {
    await expect(said('')).rejects.toThrow(/^Unexpected argument ''/)
  })
})

describe('panoptes help', () => {
  test('names every command and every option that there is', async () => {
    const { text, exitCode } = await said('help')
    expect(exitCode).toBe(0)
    for (const command of ['emulate', 'doctor', 'users', 'help', 'version'])
      expect(text).toContain(`\n  ${command} `)
    const refusal = await said('emulate', '--no-such-option').then(
      () => 'it was taken',
      (error: unknown) => (error as Error).message,
    )
    const options = refusal.split('allowed are ')[1]?.split(' ')
    expect([...text.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option)).toEqual(options)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test.each([['--help'], ['-h'], ['version', '--help'], ['help', 'toString'], ['--tls', '--help']])(
    'is what %s %s gives',
    async (...args) => {
      expect(await said(...args)).toEqual(await said('help'))
    },
  )

  test.each(['emulate', 'serve', 'init', 'doctor', 'users', 'keys', 'explain', 'migrate', 'coverage'])(
    'has a part of its own for %s, in either spelling',
    async (command) => {
      const { text, exitCode } = await said(command, '--help')
      expect({ text, exitCode }).toEqual(await said('help', command))
      expect(exitCode).toBe(0)
      expect(text).toMatch(new RegExp(`^panoptes ${command}: `))
      expect(text).not.toContain('\nCommands\n')
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    },
  )

  test('names no option to serve that serve does not take', async () => {
    const refusal = await said('serve', '--no-such-option').catch(
      (error: unknown) => (error as Error).message,
    )
    const { text } = await said('serve', '--help')
    for (const [option = ''] of text.matchAll(/^ {2}--[\w-]+/gm)) expect(refusal).toContain(option.trim())
  })
})

describe('panoptes version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }

  test.each(['version', '--version', '-v'])('is what %s says', async (spelling) => {
    expect(await said(spelling)).toEqual({ exitCode: 0, text: version })
  })

  test('is one line of the process', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['bin/panoptes.js', 'version'])
    expect(stdout).toBe(`${version}\n`)
  })
})

describe('panoptes doctor', () => {
  test('says one line a check, sums up, and ends with 0 when nothing fails', async () => {
    const { stdout, stderr, code } = await startProgram(['doctor']).ended
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(9)
    expect(lines.at(-1)).toBe(`${lines.length - 1} ok, 0 warn, 0 FAIL`)
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^ok {3}[\w .-]+: \S/)
  })

  test('ends with 1 when anything fails, for people', async () => {
    const { text, exitCode } = await said('doctor', '--port', '70707')
    expect(exitCode).toBe(1)
    expect(text).toMatch(/^FAIL configuration: --port: found "70707"; allowed is a whole number/m)
    expect(text).toMatch(/\n1 ok, 0 warn, 1 FAIL$/)
  })

  test('ends with 1 when anything fails, for programs', async () => {
    const { text, exitCode } = await said('doctor', '--json', '--no-such-option')
    expect(exitCode).toBe(1)
    expect(JSON.parse(text)).toMatchObject({
      ok: false,
      findings: [
        { about: 'Node', verdict: 'ok' },
        { about: 'configuration', verdict: 'fail', words: expect.stringContaining("'--no-such-option'") },
      ],
    })
  })
})

describe('panoptes coverage', () => {
  const rowsOf = (text: string): readonly CoverageRow[] => JSON.parse(text)

  test('has a line for each operation, and sums up', async () => {
    const { text, exitCode } = await said('coverage')
    const [table = '', sums = ''] = text.split('\n\n')
    const { text: json } = await said('coverage', '--json')
    const rows = rowsOf(json)
    expect(exitCode).toBe(0)
    expect(table.split('\n').map((line) => line.split(/ +/))).toEqual(
      rows.map(({ method, path, how, file }) => [method, path, how, file ?? '501']),
    )
    const count = (how: string): number => rows.filter((row) => row.documented && row.how === how).length
    expect(sums).toContain(
      `323 operations of the official document: ${count('generic')} generic, ${count('synthetic')} synthetic, ${count('bespoke')} bespoke, ${count('none')} none`,
    )
  })

  test('takes --json alone', async () => {
    await expect(said('coverage', '--all')).rejects.toThrow(/^Unknown option '--all'; allowed is --json$/)
  })
})
