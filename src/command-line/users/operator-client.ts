import { type Settings, SettingsError } from '../../settings.ts'
import { operatorUrlOf } from '../../sockets.ts'
import { quiet } from './quiet.ts'

/** The network, as far as commands use it. */
export interface Network {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/** A user as the operator listener tells of one. */
export interface ToldUser {
  readonly id: string
  readonly region: string
  readonly email: string
  readonly name: string
  readonly organization: { readonly id: string; readonly name: string }
  readonly disabled: boolean
  readonly locked: boolean
  readonly passwordExpired: boolean
}

export interface OperatorAnswer {
  readonly user?: ToldUser
  readonly users?: readonly ToldUser[]
  /** Told once. */
  readonly password?: string
}

export interface OperatorClient {
  /** @throws SettingsError in one line when nothing answers there, or the answer is a refusal */
  ask<Answer = OperatorAnswer>(
    method: 'GET' | 'POST',
    path: string,
    fields?: Readonly<Record<string, string>>,
  ): Promise<Answer>
}

export interface OperatorOptions {
  /** Origin of the operator listener; left out, that of the settings. */
  readonly operator?: string | undefined
  readonly token?: string | undefined
}

const patienceMs = 15_000

const tokenWords =
  'allowed is the operator token of the running service, by --operator-token or PANOPTES_OPERATOR_TOKEN; it stands in its ready line or in its configuration'

function originOf(given: string | undefined, settings: Settings): string {
  if (given === undefined) return operatorUrlOf(settings, settings.operatorPort)
  const url = URL.parse(given)
  if (url && /^https?:$/.test(url.protocol)) return url.origin
  throw new SettingsError(`--operator: found ${JSON.stringify(given)}; allowed is http://HOST:PORT`)
}

/** @param settings of this machine: where the operator listener of a service with the same ones is, and its token */
export function operatorClient(
  { operator, token = '' }: OperatorOptions,
  settings: Settings,
  network: Network,
): OperatorClient {
  const origin = originOf(operator, settings)
  const bearer = token || (settings.operatorToken ?? '')
  if (bearer === '') throw new SettingsError(`--operator-token: found nothing; ${tokenWords}`)
  if (!/^[\x21-\x7e]+$/.test(bearer))
    throw new SettingsError(`--operator-token: found a value that is no token; ${tokenWords}`)

  async function send(path: string, init: RequestInit): Promise<Response> {
    try {
      const headers = { authorization: `Bearer ${bearer}` }
      return await network.fetch(`${origin}${path}`, {
        ...init,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(patienceMs),
      })
    } catch (failure) {
      const { cause } = failure as Error
      const why = (cause as { readonly code?: string } | undefined)?.code ?? String(failure)
      throw new SettingsError(
        `--operator: found ${origin}, where nothing answers (${why}); allowed is the operator listener of a running service`,
      )
    }
  }

  return {
    async ask<Answer>(
      method: 'GET' | 'POST',
      path: string,
      fields?: Readonly<Record<string, string>>,
    ): Promise<Answer> {
      const body = fields === undefined ? {} : { body: new URLSearchParams(fields) }
      const response = await send(path, { method, ...body })
      const said = (await response.json().catch(() => ({}))) as Answer & { readonly title?: string }
      if (response.status === 401)
        throw new SettingsError(`--operator-token: found one that ${origin} does not take; ${tokenWords}`)
      if (response.ok) return said
      throw new SettingsError(
        quiet(said.title ?? '') ||
          `--operator: found ${origin}, which answered ${response.status} as no operator listener does; allowed is the operator listener of a running service`,
      )
    },
  }
}
