/** The parts of `fetch` that are needed. */
export type Fetch = (
  url: string,
  request: {
    readonly method: string
    readonly headers: Record<string, string>
    readonly body?: string
  },
) => Promise<{ readonly status: number; text(): Promise<string> }>

/** The emulator said no: an unknown name, a wrong value. `message` says what was found and what is allowed. */
export class PanoptesRefusal extends Error {
  override readonly name = 'PanoptesRefusal'
  readonly status: number
  /** A word for programs, as `unknown_user`. */
  readonly code: string
  constructor(message: string, { status, code }: { readonly status: number; readonly code: string }) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface ControlRequest {
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Written as JSON; members that are undefined are left out. */
  readonly body?: unknown
}

/** Asks the control API. @returns what the answer says, undefined for an empty one @throws PanoptesRefusal */
export type Call = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  request?: ControlRequest,
) => Promise<unknown>

function queryOf(query: ControlRequest['query'] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function parsed(text: string): { readonly [member: string]: unknown } | undefined {
  try {
    return JSON.parse(text) as { readonly [member: string]: unknown }
  } catch {
    return undefined
  }
}

/** @param url the origin of an emulator @returns the way to ask its control API */
export function controlCall(url: string, send: Fetch): Call {
  return async (method, path, { query, body } = {}) => {
    const answer = await send(`${url}/emulator${path}${queryOf(query)}`, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const said = text === '' ? undefined : parsed(text)
    if (answer.status < 300) return said
    const detail = said?.['detail'] ?? `${url} has no control API; allowed is the origin of an emulator`
    throw new PanoptesRefusal(`${method} /emulator${path}: ${detail}`, {
      status: answer.status,
      code: String(said?.['code'] ?? 'no_control_api'),
    })
  }
}
