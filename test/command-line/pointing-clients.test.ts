import { exec } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'
import { freePort } from '../support/free-port.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { freshFolder } from './machine.ts'

const guide = readFileSync('docs/pointing-clients.md', 'utf8')

/** A command of the guide, on one line. */
function commandWith(words: string): string {
  const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) =>
    text.replace(/\\\n\s*/g, ' ').trim(),
  )
  const command = commands.find((text) => text.includes(words))
  if (command === undefined) throw new Error(`no command in the guide has ${words}`)
  return command
}

describe('docs/pointing-clients.md', () => {
  test('starts by a command that is understood', () => {
    const [, options = ''] = commandWith('npx panoptes').split(' emulate ')
    expect(readSettings(options.split(/\s+/), {})).toMatchObject({
      tls: true,
      port: 443,
      origin: new URL('https://api.thousandeyes.com'),
      allowedHosts: ['app.thousandeyes.com'],
    })
  })

  test('has a call to try that needs nothing but curl', async () => {
    const directory = join(freshFolder(), 'data')
    const names = ['--origin', 'https://api.thousandeyes.com', '--hostname', 'app.thousandeyes.com']
    const port = String(await freePort())
    await using service = await startPanoptes(['--tls', '--data', directory, '--port', port, ...names])
    const command = commandWith('--connect-to').replace(':127.0.0.1:443 ', `:127.0.0.1:${port} `)
    expect(command).toContain(port)
    expect(service.url).toBe('https://api.thousandeyes.com')
    const { stdout } = await promisify(exec)(command, { cwd: join(directory, '..'), timeout: 10_000 })
    expect(JSON.parse(stdout)).toHaveProperty('tests')
  })
})
