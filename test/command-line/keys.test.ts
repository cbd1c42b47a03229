import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseLocalKeys } from '#broker/local-keys.ts'
import { keys } from '../../src/command-line/keys.ts'
import { readBrokerSettings, readSettings } from '../../src/settings.ts'
import { addUser, atAccount, type LinkedBroker, linkAt, startLinkedBroker } from '../broker/linked-broker.ts'
import { machineSurroundings as surroundings } from '../support/machine-surroundings.ts'

let linked: LinkedBroker
beforeAll(async () => {
  linked = await startLinkedBroker()
  await addUser(linked.broker)
  await linkAt(await atAccount(linked.broker))
})
afterAll(() => linked[Symbol.asyncDispose]())

async function said(...args: string[]): Promise<string> {
  const lines: string[] = []
  await keys(args, {
    surroundings,
    settingsOf: (options) => readSettings(options, {}),
    brokerSettingsOf: (options) => readBrokerSettings(options, {}),
    print: (text) => void lines.push(text),
    network: { fetch },
    readInput: () => Promise.resolve(''),
  })
  return lines.join('\n')
}

const running = (): string[] => [
  '--operator',
  linked.broker.operatorUrl,
  '--operator-token',
  linked.broker.operatorToken,
]

describe('panoptes keys', () => {
  test('lists the keys of a running broker, and none of their values', async () => {
    expect(await said('list', ...running())).toMatch(/^kek-[\da-f]{12} +1 sealed, newest$/)
    expect(JSON.parse(await said('list', '--json', ...running()))).toMatchObject({ problem: null })
  })

  test('wraps anew, and says how many that were', async () => {
    expect(await said('rewrap', ...running())).toBe('0 keys wrapped anew.')
    expect(JSON.parse(await said('rewrap', '--json', ...running()))).toEqual({ rewrapped: 0, retired: [] })
  })

  test('makes a new key as a key file has it', async () => {
    const line = await said('new')
    expect(parseLocalKeys(line)).toHaveLength(1)
    expect(await said('new')).not.toBe(line)
  })

  test.each([
    [[], 'keys: found nothing; allowed are list, rewrap, new'],
    [['drop'], 'keys: found "drop"; allowed are list, rewrap, new'],
    [['list', '--all'], 'allowed are --operator --operator-token --json'],
    [['list'], '--operator-token: found nothing'],
  ])('refuses %j in one line', async (args, words) => {
    await expect(said(...args)).rejects.toThrow(words)
  })
})
