import { parseArgs } from 'node:util'
import { SettingsError } from '../../settings.ts'
import type { OperatorOptions } from './operator-client.ts'

/** What every one of the commands takes. */
const common = {
  operator: { type: 'string' },
  'operator-token': { type: 'string' },
  json: { type: 'boolean' },
} as const

const region = { region: { type: 'string' } } as const

type OptionTable = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

/** The options of each command, beside the common ones. */
export const optionsOf: Readonly<Record<string, OptionTable>> = {
  add: {
    ...region,
    email: { type: 'string' },
    name: { type: 'string' },
    organization: { type: 'string' },
    'account-group': { type: 'string' },
    role: { type: 'string' },
    'password-stdin': { type: 'boolean' },
  },
  list: region,
  disable: region,
  enable: region,
  reset: region,
}

const takesUser: ReadonlySet<string> = new Set(['disable', 'enable', 'reset'])

export interface UsersArguments {
  readonly command: string
  /** An e-mail address or a user id, of those commands that take one. */
  readonly user: string
  readonly operator: OperatorOptions
  readonly json: boolean
  readonly text: (name: string) => string | undefined
  readonly isSet: (name: string) => boolean
}

function checkUser(command: string, words: readonly string[]): string {
  const [user = '', ...more] = words
  const wanted = takesUser.has(command)
  if (wanted && user !== '' && more.length === 0) return user
  if (!wanted && words.length === 0) return ''
  const found = words.length === 0 ? 'nothing' : words.map((word) => JSON.stringify(word)).join(' ')
  throw new SettingsError(
    `users ${command}: found ${found}; allowed is ${wanted ? 'one USER, an e-mail address or an id as us1.1001' : 'options alone'}`,
  )
}

/** @param args what follows `users` @throws SettingsError in one line that says what is allowed */
export function parseUsersArguments(args: readonly string[]): UsersArguments {
  const [command = '', ...rest] = args
  const own = Object.hasOwn(optionsOf, command) ? optionsOf[command] : undefined
  if (!own) {
    const found = command === '' ? 'nothing' : JSON.stringify(command)
    throw new SettingsError(`users: found ${found}; allowed are ${Object.keys(optionsOf).join(', ')}`)
  }
  const options = { ...common, ...own }
  try {
    const { values, positionals } = parseArgs({ args: rest, options, allowPositionals: true })
    const given: Readonly<Record<string, string | boolean | undefined>> = values
    const text = (name: string): string | undefined => {
      const value = given[name]
      return typeof value === 'string' ? value : undefined
    }
    return {
      command,
      user: checkUser(command, positionals),
      operator: { operator: text('operator'), token: text('operator-token') },
      json: given['json'] === true,
      text,
      isSet: (name) => given[name] === true,
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}
