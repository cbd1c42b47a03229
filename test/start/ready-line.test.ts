import { exec } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Ready, startProgram, startReady } from './program.ts'

const run = promisify(exec)

/** How many rows of a terminal a text fills. */
const rowsOf = (screen: string, columns: number): number =>
  screen
    .trimEnd()
    .split('\n')
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / columns)), 0)

describe('the first words of the program', () => {
  test.each(['src/main.ts', 'bin/panoptes.js'])(
    'are one line for programs with --json, and nothing else is on standard output: %s',
    async (entry) => {
      const { ready, child, ended } = await startReady([], entry)
      expect(ready).toEqual({
        ready: true,
        url: expect.stringMatching(/^http:\/\/localhost:[1-9]\d{3,4}$/),
        operatorUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d{3,4}$/),
        operatorToken: expect.stringMatching(/^[\w-]{32}$/),
      })
      expect((await fetch(`${ready.url}/`)).status).toBe(200)
      expect((await fetch(`${ready.operatorUrl}/health/ready`)).status).toBe(200)
      child.kill('SIGTERM')
      const { stdout, stderr, code } = await ended
      expect(Object.keys(JSON.parse(stdout) as Ready)).toEqual([
        'ready',
        'url',
        'operatorUrl',
        'operatorToken',
      ])
      expect(stdout).toBe(`${JSON.stringify(ready)}\n`)
      expect(code).toBe(0)
      for (const line of stderr.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
      expect(stderr).not.toContain(ready.operatorToken)
    },
  )

  test('are a screen of 24 rows for people, with commands that work when they are pasted', async () => {
    const program = startProgram([])
    const screen = await program.said('Ctrl-C')
    expect(rowsOf(screen, 80)).toBeLessThanOrEqual(24)
    for (const words of [
      'Not affiliated with Cisco or ThousandEyes',
      'admin@acme.example     US1  panoptes-us1  Organization Admin',
      'admin@acme.example     EU   panoptes-eu1  Regular User in 3101',
      'admin@globex.example   US2  panoptes-us2',
      'anyone@sso.example     US1  by SSO',
      'Cisco SD-WAN Manager     sd-wan-manager                device code',
      'Meraki                   meraki, secret meraki-secret  authorization code',
      'Splunk ThousandEyes App  0oalgciz1dyS1Uonr697          device code',
      'limits on',
      'Everything is in memory',
    ])
      expect(screen).toContain(words)
    const commands = screen.split('\n').filter((line) => line.startsWith('    curl '))
    expect(commands).toHaveLength(3)
    expect(commands[0]).toMatch(
      /curl http:\/\/localhost:\d+\/v7\/tests --header "Authorization: Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60"$/,
    )
    const [tests, device, ended] = await Promise.all(
      commands.map(async (command) => JSON.parse((await run(command, { timeout: 10_000 })).stdout) as object),
    )
    expect(tests).toMatchObject({
      tests: expect.arrayContaining([expect.objectContaining({ testName: 'Acme portal' })]),
    })
    expect(device).toMatchObject({ user_code: expect.stringMatching(/^\S{4}-\S{4}$/), interval: 5 })
    expect(ended).toEqual({ revoked: 0 })
  })

  test('stay one screen when the seed has users by the hundred', async () => {
    const screen = await startProgram(['--seed', 'large']).said('Ctrl-C')
    expect(rowsOf(screen, 80)).toBeLessThanOrEqual(24)
    expect(screen).toContain('admin@acme.example')
    expect(screen).toContain('and 197 more, whom large.yaml names')
  })
})
