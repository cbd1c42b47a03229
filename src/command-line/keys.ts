/** `panoptes keys ...`: key-encryption keys of a running broker, through its operator listener, and new ones for its key file. */
import { parseArgs } from 'node:util'
import { localKeyLine, newLocalKey } from '#broker/local-keys.ts'
import { SettingsError } from '../settings.ts'
import type { CommandLineParts } from './command-line.ts'
import { type OperatorClient, operatorClient } from './users/operator-client.ts'
import { quiet } from './users/quiet.ts'

interface ToldKey {
  readonly id: string
  readonly newest: boolean
  readonly held: boolean
  readonly sealedTokens: number
}

interface KeysAnswer {
  readonly problem: string | null
  readonly keys: readonly ToldKey[]
}

interface RoundAnswer {
  readonly rewrapped: number
  readonly after: string | null
  readonly retired: readonly string[]
}

const commands = ['list', 'rewrap', 'new'] as const
type KeysCommand = (typeof commands)[number]

interface KeysArguments {
  readonly command: KeysCommand
  readonly operator: string | undefined
  readonly token: string | undefined
  readonly json: boolean
}

function parseKeysArguments([first = '', ...rest]: readonly string[]): KeysArguments {
  const command = commands.find((name) => name === first)
  if (!command)
    throw new SettingsError(
      `keys: found ${first === '' ? 'nothing' : JSON.stringify(first)}; allowed are ${commands.join(', ')}`,
    )
  const options = {
    operator: { type: 'string' },
    'operator-token': { type: 'string' },
    json: { type: 'boolean' },
  } as const
  try {
    const { operator, json = false, ...given } = parseArgs({ args: rest, options }).values
    return { command, operator, token: given['operator-token'], json }
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}

const line = ({ id, newest, held, sealedTokens }: ToldKey): string =>
  `${quiet(id).padEnd(20)} ${String(sealedTokens).padStart(8)} sealed${newest ? ', newest' : ''}${held ? '' : ', MISSING HERE'}`

async function list(client: OperatorClient, json: boolean): Promise<string> {
  const answer = await client.ask<KeysAnswer>('GET', '/operator/keys')
  if (json) return JSON.stringify(answer)
  return [...answer.keys.map(line), ...(answer.problem === null ? [] : [quiet(answer.problem)])].join('\n')
}

/** Round after round, so that a service under load is never held up, and whoever is cut off begins again. */
async function rewrap(client: OperatorClient, json: boolean): Promise<string> {
  let rewrapped = 0
  let after: string | null = ''
  let retired: readonly string[] = []
  while (after !== null) {
    const query: string = after === '' ? '' : `?${new URLSearchParams({ after })}`
    const round: RoundAnswer = await client.ask<RoundAnswer>('POST', `/operator/keys/rewrap${query}`)
    rewrapped += round.rewrapped
    after = round.after
    retired = round.retired
  }
  if (json) return JSON.stringify({ rewrapped, retired })
  const gone = retired.length === 0 ? '' : ` ${retired.map(quiet).join(', ')} may leave the key file now.`
  return `${rewrapped} keys wrapped anew.${gone}`
}

/** @returns the exit code @throws SettingsError in one line */
export async function keys(
  args: readonly string[],
  { settingsOf, surroundings, print, network }: CommandLineParts,
): Promise<number> {
  const { command, operator, token, json } = parseKeysArguments(args)
  if (command === 'new') {
    print(localKeyLine(newLocalKey(surroundings.randomBytes)))
    return 0
  }
  const client = operatorClient({ operator, token }, settingsOf([]), network)
  print(await (command === 'list' ? list(client, json) : rewrap(client, json)))
  return 0
}
