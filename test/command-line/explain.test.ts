import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/command-line/command-line.ts'
import { readBrokerSettings, readSettings } from '../../src/settings.ts'
import { generate } from '../account/api-token.ts'
import { ops, signedIn } from '../account/signed-in.ts'
import { machineSurroundings } from '../support/machine-surroundings.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

/** Runs `panoptes explain ...` against the service. */
async function explain(...args: readonly string[]): Promise<{ exitCode: number | undefined; text: string }> {
  const variables = { PANOPTES_OPERATOR_TOKEN: service.operatorToken }
  const texts: string[] = []
  const exitCode = await runCommandLine(['explain', '--operator', service.operatorUrl, ...args], {
    surroundings: machineSurroundings,
    settingsOf: (options) => readSettings(options, variables),
    brokerSettingsOf: (options) => readBrokerSettings(options, variables),
    print: (text) => void texts.push(text),
    network: { fetch },
    readInput: async () => '',
  })
  return { exitCode, text: texts.join('\n') }
}

const meraki = ['--client', 'meraki', '--user', ops[0]] as const

describe('panoptes explain', () => {
  test('says that a call passes, rule by rule, and ends with 0', async () => {
    const { exitCode, text } = await explain(...meraki, '--token-scopes', 'tests:manage', 'GET', '/v7/tests')
    expect(exitCode).toBe(0)
    expect(text).toMatch(/^GET \/v7\/tests\nMeraki for ops@acme\.example \(us1\.1002\), as if connected with/)
    expect(text).toContain('\n\nIt would pass.\n\n')
    expect(text).toMatch(/passed +operation +getTests: GET \/v7\/tests/)
    expect(text).toMatch(/passed +account-group +Account group 1101\./)
  })

  test('says which rule refuses, with its answer, and ends with 1', async () => {
    const asked = [...meraki, '--token-scopes', 'agents:manage', 'get', '/v7/tests'] as const
    const { exitCode, text } = await explain(...asked)
    expect(exitCode).toBe(1)
    expect(text).toContain(
      'It would be refused by the rule scope: 403 insufficient_scope. The token needs the scope tests:manage.',
    )
    expect(text).toMatch(/\n {2}refused +scope/)
  })

  test('takes a path alone for a read, and an account group beside it', async () => {
    const asked = [...meraki, '--token-scopes', 'tests:manage', '--aid', '1102', '/v7/tests'] as const
    expect((await explain(...asked)).text).toMatch(/^GET \/v7\/tests\?aid=1102\n/)
  })

  test('gives the answer of the service with --json', async () => {
    const { exitCode, text } = await explain(...meraki, '--json', '/v7/tests')
    expect(exitCode).toBe(1)
    expect(JSON.parse(text)).toMatchObject({
      verdict: 'refused',
      refusal: { rule: 'token', status: 401, code: 'invalid_token' },
      connection: null,
    })
  })

  test('finds an API token by its name, whatever is in it, and shows it without its power over a terminal', async () => {
    const name = '\u{1F512} "; rm -rf / %00 <b>'
    await generate(service, await signedIn(service, ops), { name })
    const { exitCode, text } = await explain('--api-token', name, '--user', ops[0], '/v7/tests')
    expect(exitCode).toBe(0)
    expect(text).toContain(`${name} for ops@acme.example`)
    expect(text).toMatch(/scopes tests:read; account groups 1101/)
  })

  test.each<[string, readonly string[], string]>([
    ['no call', meraki, 'explain: found nothing; allowed is [METHOD] PATH'],
    [
      'three words',
      [...meraki, 'GET', '/v7/tests', 'now'],
      'explain: found "GET" "/v7/tests" "now"; allowed is',
    ],
    ['no user', ['--client', 'meraki', '/v7/tests'], '--user: found nothing; allowed is'],
    [
      'neither client nor token',
      ['--user', ops[0], '/v7/tests'],
      '--client, --api-token: found both or neither',
    ],
    ['an unknown option', [...meraki, '--scopes', 'a', '/v7/tests'], 'allowed are --user --region --client'],
    [
      'two regions',
      ['--client', 'meraki', '--user', 'admin@acme.example', '/v7/tests'],
      'region: found nothing, and',
    ],
    ['another method', [...meraki, 'TRACE', '/v7/tests'], 'method: found TRACE; allowed are'],
    ['a path elsewhere', [...meraki, '/emulator/clock'], 'path: found /emulator/clock; allowed is'],
  ])('says in one line what was found and what is allowed: %s', async (_, args, words) => {
    const failure = await explain(...args).then(
      () => 'none',
      (error: unknown) => (error as Error).message,
    )
    expect(failure).toContain(words)
    expect(failure).not.toContain('\n')
  })
})
