/**
 * Users: adds, lists, disables, enables and resets users of a running service, through its operator listener. Holds no rules of
 * its own: what the service refuses is said in the service's words.
 */
import { SettingsError } from '../../settings.ts'
import type { CommandLineParts } from '../command-line.ts'
import { type OperatorAnswer, type OperatorClient, operatorClient, type ToldUser } from './operator-client.ts'
import { parseUsersArguments, type UsersArguments } from './options.ts'
import { quiet, quietJson } from './quiet.ts'

const standingOf = ({ disabled, locked, passwordExpired }: ToldUser): string =>
  [disabled && 'disabled', locked && 'locked', passwordExpired && 'new password due']
    .filter((word) => word !== false)
    .join(', ') || 'active'

/** A table for a terminal. */
function table(users: readonly ToldUser[]): string {
  const head = ['ID', 'EMAIL', 'NAME', 'ORGANIZATION', 'STANDING']
  const rows = users.map((user) =>
    [user.id, user.email, user.name, user.organization.name, standingOf(user)].map(quiet),
  )
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  )
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const pathOf = (command: string, { user, text }: UsersArguments): string => {
  const region = text('region')
  const query = region === undefined ? '' : `?${new URLSearchParams({ region })}`
  return `/operator/users${user === '' ? '' : `/${encodeURIComponent(user)}/${command}`}${query}`
}

/** Option by form field of the operator listener, which says whether it needs a role. */
const fieldOptions = {
  region: 'region',
  email: 'email',
  name: 'name',
  organization: 'organization',
  accountGroup: 'account-group',
  role: 'role',
} as const

const neededOptions: readonly string[] = ['region', 'email', 'organization']

async function add(
  given: UsersArguments,
  client: OperatorClient,
  readInput: () => Promise<string>,
): Promise<OperatorAnswer> {
  const fields: Record<string, string> = {}
  for (const [field, option] of Object.entries(fieldOptions)) {
    const value = given.text(option)
    if (value !== undefined) fields[field] = value
    else if (neededOptions.includes(option))
      throw new SettingsError(
        `--${option}: found nothing; needed are ${neededOptions.map((one) => `--${one}`).join(' ')}, and in an emulator --account-group --role`,
      )
  }
  if (given.isSet('password-stdin')) fields['password'] = (await readInput()).replace(/\r?\n$/, '')
  return client.ask('POST', '/operator/users', fields)
}

const doneWords: Readonly<Record<string, string>> = {
  add: 'Added',
  disable: 'Disabled; sessions are over, tokens open nothing:',
  enable: 'Enabled:',
  reset: 'Reset; sessions are over:',
}

function inWords(command: string, { user, users, password }: OperatorAnswer): string {
  if (users) return table(users)
  const who = user && quiet(`${user.email} (${user.id})`)
  const done = `${doneWords[command]} ${who}`
  return password === undefined
    ? done
    : `${done}\nPassword, shown once and changed at the first sign-in: ${password}`
}

/** `panoptes users ...` @returns the exit code @throws SettingsError in one line */
export async function users(
  args: readonly string[],
  { settingsOf, print, network, readInput }: CommandLineParts,
): Promise<number> {
  const given = parseUsersArguments(args)
  const client = operatorClient(given.operator, settingsOf([]), network)
  const { command } = given
  const answer =
    command === 'add'
      ? await add(given, client, readInput)
      : await client.ask(command === 'list' ? 'GET' : 'POST', pathOf(command, given))
  print(given.json ? quietJson(answer) : inWords(command, answer))
  return 0
}
