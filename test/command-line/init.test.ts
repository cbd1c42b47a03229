import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readLocalKeyFile } from '#broker/local-keys.ts'
import { init } from '../../src/command-line/init.ts'
import { readBrokerSettings, SettingsError } from '../../src/settings.ts'
import { machineSurroundings as surroundings } from '../support/machine-surroundings.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'panoptes-init-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

async function initialized(config: string): Promise<string> {
  const said: string[] = []
  expect(await init(['--config', config], { surroundings, print: (text) => void said.push(text) })).toBe(0)
  return said.join('\n')
}

describe('panoptes init', () => {
  test('writes a configuration that is taken, with keys of its own, for the owner alone', async () => {
    const config = join(folder(), 'broker.yaml')
    const said = await initialized(config)
    const settings = readBrokerSettings(['--config', config], {})
    expect(settings.operatorToken).toMatch(/^operator-[\da-f]{48}$/)
    const keyFile = config.replace('.yaml', '.keys')
    expect(settings.keyEncryption).toEqual({ text: undefined, file: keyFile })
    expect(readLocalKeyFile(keyFile)).toHaveLength(1)
    for (const path of [config, keyFile]) expect(statSync(path).mode & 0o777).toBe(0o600)
    for (const words of [config, keyFile, 'panoptes serve', 'panoptes users add', '/account'])
      expect(said).toContain(words)
    expect(said).not.toContain(settings.operatorToken)

    const other = join(folder(), 'broker.yaml')
    await initialized(other)
    expect(readFileSync(other, 'utf8')).not.toBe(readFileSync(config, 'utf8'))
  })

  test.each(['broker.yaml', 'broker.keys'])('overwrites nothing when %s is there', async (name) => {
    const place = folder()
    writeFileSync(join(place, name), 'mine')
    const failed = initialized(join(place, 'broker.yaml'))
    await expect(failed).rejects.toThrow(SettingsError)
    await expect(failed).rejects.toThrow(`${name} is there already`)
    expect(readFileSync(join(place, name), 'utf8')).toBe('mine')
    const other = name === 'broker.yaml' ? 'broker.keys' : 'broker.yaml'
    expect(existsSync(join(place, other))).toBe(false)
  })

  test('says in one line what is allowed', async () => {
    const print = (): void => undefined
    await expect(init(['--force'], { surroundings, print })).rejects.toThrow(/allowed is --config FILE$/)
    const nowhere = join(folder(), 'no', 'such', 'broker.yaml')
    await expect(init(['--config', nowhere], { surroundings, print })).rejects.toThrow(
      /cannot be written \(ENOENT\); allowed is --config FILE in a directory that is there/,
    )
  })
})
