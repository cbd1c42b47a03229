import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../src/command-line/command-line.ts'
import { readBrokerSettings, readSettings } from '../../src/settings.ts'
import { startProgram } from '../start/program.ts'
import { connectMeraki, readsAgents, refresh } from '../steps/requests.ts'
import { machineSurroundings } from '../support/machine-surroundings.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

interface Run {
  readonly args: readonly string[]
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs `panoptes users ...` against the service; the token is in the environment unless the run has one of its own. */
async function run({ args, input = '', environment }: Run): Promise<string> {
  const texts: string[] = []
  const variables = environment ?? { PANOPTES_OPERATOR_TOKEN: service.operatorToken }
  const exitCode = await runCommandLine(['users', ...args], {
    surroundings: machineSurroundings,
    settingsOf: (options) => readSettings(options, variables),
    brokerSettingsOf: (options) => readBrokerSettings(options, variables),
    print: (text) => void texts.push(text),
    network: { fetch },
    readInput: async () => input,
  })
  expect(exitCode).toBe(0)
  return texts.join('\n')
}

const users = (...args: readonly string[]): Promise<string> =>
  run({ args: [...args, '--operator', service.operatorUrl] })

const json = async (...args: readonly string[]) => JSON.parse(await users(...args, '--json'))

const newcomer = (email: string): readonly string[] => [
  'add',
  ...['--region', 'us1', '--email', email, '--organization', '110'],
  ...['--account-group', '1102', '--role', 'Account Admin'],
]

async function signIn(email: string, password: string): Promise<Person> {
  const person = new Person()
  await person.open(`${service.url}/account`)
  await person.signIn(email, password, 'us1')
  return person
}

const passwordIn = (told: string): string => /: (\S+)$/.exec(told)?.[1] ?? ''
const chosen = 'Correct horse 7'

describe('panoptes users add', () => {
  test('makes a user of v7 whose password is told once and changed at the first sign-in', async () => {
    const told = await users(...newcomer('nora@acme.example'), '--name', 'Nora New')
    expect(told).toMatch(/^Added nora@acme\.example \(us1\.\d+\)\nPassword, shown once [^:]*: [a-z2-9-]{23}$/)
    const person = await signIn('nora@acme.example', passwordIn(told))
    expect(person.page?.text).toContain('New password')
    expect(person.page?.text).toContain('Your password was set for you')
    await person.press('Change password', { 'new-password': chosen, 'repeat-password': chosen })
    expect(person.page?.text).toContain('Nora New')

    const tokens = await connectMeraki(service, new Person(), ['nora@acme.example', chosen, 'us1'])
    const answer = await fetch(`${service.url}/v7/users/current`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(await answer.json()).toMatchObject({
      name: 'Nora New',
      email: 'nora@acme.example',
      loginAccountGroup: { aid: '1102' },
      accountGroupRoles: [{ accountGroup: { aid: '1102' }, roles: [{ name: 'Account Admin' }] }],
    })
  })

  test('takes a password from standard input, which stays', async () => {
    const args = [...newcomer('pia@acme.example'), '--password-stdin', '--operator', service.operatorUrl]
    const told = await run({ args, input: `${chosen}\n` })
    expect(told).toMatch(/^Added pia@acme\.example \(us1\.\d+\)$/)
    expect((await signIn('pia@acme.example', chosen)).page?.text).toContain('Sign out')
  })

  test.each([
    ['a weak password', { args: ['--password-stdin'], input: 'short' }, /^password: .*it needs at least 8/],
    [
      'its address as password',
      { args: ['--password-stdin'], input: 'Weak1@acme.example' },
      /^password: .*email/,
    ],
  ])('refuses %s', async (_, { args, input }, words) => {
    const all = [...newcomer('weak1@acme.example'), ...args, '--operator', service.operatorUrl]
    await expect(run({ args: all, input })).rejects.toThrow(words)
    expect(await users('list')).not.toContain('weak1@acme.example')
  })

  test.each([
    ['--organization', '999', 'organization: found the organization 999; allowed are 110 (Acme Networks)'],
    ['--account-group', '2101', 'accountGroup: found the account group 2101; allowed are 1101, 1102'],
    [
      '--role',
      'King',
      'role: found the role King; allowed are Organization Admin, Account Admin, Regular User',
    ],
    ['--region', 'us9', 'region: found us9; allowed are us1, us2, eu1'],
    ['--email', 'nobody', 'email: found nobody; allowed is an address'],
    ['--email', 'OPS@acme.example', 'email: a user with this e-mail address exists already'],
  ])('refuses %s %s in one line', async (option, value, words) => {
    const args = newcomer('refused@acme.example').with(newcomer('').indexOf(option) + 1, value)
    const refusal = await users(...args).catch((error: Error) => error.message)
    expect(refusal).toContain(words)
    expect(refusal).not.toContain('\n')
  })

  test('asks for what is missing', async () => {
    await expect(users('add', '--region', 'us1')).rejects.toThrow(
      '--email: found nothing; needed are --region --email --organization, and in an emulator --account-group --role',
    )
  })
})

describe('panoptes users with unusual addresses', () => {
  test.each([
    ['plus', 'ada+panoptes@acme.example', 'ADA+Panoptes@Acme.Example'],
    ['letters with accents', 'jo\u0308rg@acme.example', 'JÖRG@acme.example'],
    ['an international domain', 'eva@b\u00fccher.example', 'eva@xn--bcher-kva.example'],
    ['another script', '管理@例え.example', '管理@xn--r8jz45g.example'],
  ])('adds, finds and signs in one with %s, whichever way it is spelled', async (_, email, twin) => {
    await run({
      args: [...newcomer(email), '--password-stdin', '--operator', service.operatorUrl],
      input: chosen,
    })
    await expect(users(...newcomer(twin))).rejects.toThrow('exists already')
    for (const spelling of [email, twin])
      expect((await signIn(spelling, chosen)).page?.text).toContain('Sign out')
    await users('disable', twin)
    expect((await signIn(email, chosen)).page?.status).toBe(403)
  })
})

describe('panoptes users list', () => {
  test('is a table of everybody, or of a region', async () => {
    const lines = (await users('list')).split('\n')
    expect(lines[0]).toMatch(/^ID +EMAIL +NAME +ORGANIZATION +STANDING$/)
    expect(lines.find((line) => line.startsWith('us1.1002'))).toMatch(
      /^us1\.1002 +ops@acme\.example +Otis Operations +Acme Networks +\S/,
    )
    const european = (await users('list', '--region', 'eu1')).split('\n').slice(1)
    expect(european.length).toBeGreaterThan(0)
    for (const line of european) expect(line).toMatch(/^eu1\./)
  })

  test('is JSON with --json, without any password', async () => {
    const { users: all } = await json('list')
    expect(all.find(({ id }: { id: string }) => id === 'us1.1001')).toEqual({
      id: 'us1.1001',
      region: 'us1',
      email: 'admin@acme.example',
      name: 'Ada Admin',
      organization: { id: '110', name: 'Acme Networks' },
      disabled: false,
      locked: false,
      passwordExpired: false,
    })
  })
})

describe('panoptes users disable, enable and reset', () => {
  const ops = ['ops@acme.example', 'panoptes-us1', 'us1'] as const

  test('disable ends sessions and tokens at once, enable brings the tokens back', async () => {
    const tokens = await connectMeraki(service, new Person(), ops)
    const person = await signIn(ops[0], ops[1])
    expect(person.page?.text).toContain('Sign out')
    expect(await users('disable', 'us1.1002')).toBe(
      'Disabled; sessions are over, tokens open nothing: ops@acme.example (us1.1002)',
    )
    expect(await readsAgents(service, tokens.access_token)).toBe(401)
    expect((await refresh(service, tokens.refresh_token)).status).toBe(400)
    expect((await person.open(`${service.url}/account`)).text).not.toContain('Sign out')
    expect((await signIn(ops[0], ops[1])).page?.status).toBe(403)
    expect(await users('list')).toMatch(/^us1\.1002 .* disabled$/m)

    await users('enable', 'OPS@acme.example')
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    expect((await refresh(service, tokens.refresh_token)).status).toBe(200)
    expect((await person.open(`${service.url}/account`)).text).not.toContain('Sign out')
  })

  test('reset ends sessions and tells a password that has to be changed; connections go on', async () => {
    const tokens = await connectMeraki(service, new Person(), ops)
    const person = await signIn(ops[0], ops[1])
    const told = await users('reset', 'ops@acme.example')
    expect((await person.open(`${service.url}/account`)).text).not.toContain('Sign out')
    expect((await signIn(ops[0], ops[1])).page?.status).toBe(403)
    expect(await readsAgents(service, tokens.access_token)).toBe(200)
    expect(await users('list')).toMatch(/^us1\.1002 .* new password due$/m)
    const again = await signIn(ops[0], passwordIn(told))
    await again.press('Change password', {
      'new-password': 'panoptes-us1',
      'repeat-password': 'panoptes-us1',
    })
    expect(again.page?.text).toContain('Sign out')
  })

  test('ask for the region of an address that is two persons’', async () => {
    await expect(users('disable', 'admin@acme.example')).rejects.toThrow(
      'region: found nothing, and admin@acme.example is a user in several; allowed are us1, eu1',
    )
    expect(await users('enable', 'admin@acme.example', '--region', 'eu1')).toContain('(eu1.')
  })

  test.each(['nobody@acme.example', 'us1.4711', '../connections', '%2e%2e', '🙂'])(
    'say who there is when %s is nobody',
    async (user) => {
      await expect(users('reset', user)).rejects.toThrow(
        /^user: found .*; allowed are .*admin@acme\.example \(us1\.1001\)/,
      )
    },
  )
})

describe('panoptes users without what it needs', () => {
  test.each([
    [[], 'users: found nothing; allowed are add, list, disable, enable, reset'],
    [['remove'], 'users: found "remove"; allowed are add, list, disable, enable, reset'],
    [['list', 'everybody'], 'users list: found "everybody"; allowed is options alone'],
    [['disable'], 'users disable: found nothing; allowed is one USER'],
    [['disable', 'a', 'b'], 'users disable: found "a" "b"; allowed is one USER'],
    [
      ['list', '--email', 'a'],
      "Unknown option '--email'; allowed are --operator --operator-token --json --region",
    ],
    [['list', '--operator', 'localhost'], '--operator: found "localhost"; allowed is http://HOST:PORT'],
    [
      ['list', '--operator', 'http://127.0.0.1:1'],
      '--operator: found http://127.0.0.1:1, where nothing answers',
    ],
  ])('%j says what is allowed', async (args, words) => {
    const refusal = await run({ args }).catch((error: Error) => error.message)
    expect(refusal).toContain(words)
  })

  test('says where the token is when there is none, or another', async () => {
    const args = ['list', '--operator', service.operatorUrl]
    await expect(run({ args, environment: {} })).rejects.toThrow(
      /^--operator-token: found nothing; allowed is/,
    )
    const wrong = 'another-token-of-no-use'
    const refusal = await run({ args: [...args, '--operator-token', wrong] }).catch(
      (error: Error) => error.message,
    )
    expect(refusal).toMatch(/^--operator-token: found one that http:\S+ does not take/)
    expect(refusal).not.toContain(wrong)
  })

  test('is one line and exit code 1 of the process', async () => {
    const { stdout, stderr, code } = await startProgram(['users', 'list']).ended
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toMatch(/^panoptes: [^\n]+\n$/)
  })

  test('leaves no password and no token in the log or the audit', async () => {
    const told = await users('reset', 'viewer@acme.example')
    const log = JSON.stringify(service.log)
    expect(log).toContain('user-reset')
    for (const secret of [passwordIn(told), service.operatorToken]) expect(log).not.toContain(secret)
  })
})

describe('names that somebody else chose', () => {
  // A cursor that moves, an 8-bit one, a deletion, and text that runs backwards.
  const email = '\u001b[2J\u009b1A\u007f\u202e@acme.example'
  const isQuiet = (text: string): boolean => !/[\p{Cc}\p{Cf}]/u.test(text.replaceAll('\n', ''))

  test('cannot move the cursor of a terminal, in any answer or refusal', async () => {
    expect(isQuiet(await users(...newcomer(email)))).toBe(true)
    const added = await users('list', '--json')
    expect(isQuiet(added)).toBe(true)
    const { id } = JSON.parse(added).users.find((user: { email: string }) => user.email === email)
    for (const command of ['disable', 'enable', 'reset']) expect(isQuiet(await users(command, id))).toBe(true)
    const refusals = [users('disable', 'nobody@acme.example'), users(...newcomer(email))]
    for (const refusal of await Promise.allSettled(refusals))
      expect(refusal.status === 'rejected' && isQuiet(refusal.reason.message)).toBe(true)
  })
})
