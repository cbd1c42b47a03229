/** What persons decide while the load runs: codes of both kinds, without a browser, through the control API. None of it is judged. */
import { createHash, randomBytes } from 'node:crypto'
import type { Agent } from 'node:http'
import { send } from '../../support/send.ts'

const redirectUri = 'http://127.0.0.1:49152/callback'
const person = { user: 'admin@acme.example', region: 'us1' }

export interface ApprovedCode {
  readonly code: string
  /** What the exchange needs besides the code. */
  readonly form: Readonly<Record<string, string>>
}

export interface DeviceCode {
  readonly deviceCode: string
  readonly userCode: string
  readonly form: Readonly<Record<string, string>>
}

async function control(url: string, path: string, body: object): Promise<Record<string, string> | undefined> {
  try {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    })
    return answer.ok ? ((await answer.json()) as Record<string, string>) : undefined
  } catch {
    return undefined
  }
}

/** A code of Meraki's that nobody has spent; undefined where the server gives none now. */
export async function approvedCode(url: string): Promise<ApprovedCode | undefined> {
  const verifier = randomBytes(32).toString('base64url')
  const request = new URLSearchParams({
    client_id: 'meraki',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'organization:read offline_access',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const answer = await control(url, '/emulator/authorizations', {
    url: `/oauth2/authorize?${request}`,
    ...person,
  })
  const code = answer?.['code']
  const form = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier }
  return code === undefined ? undefined : { code, form: { ...form, code } }
}

/** A device code of SD-WAN Manager's that waits for a person; undefined where the server gives none now. */
export async function waitingDevice(url: string, agent: Agent): Promise<DeviceCode | undefined> {
  const form = new URLSearchParams({ client_id: 'sd-wan-manager', scope: 'organization:read offline_access' })
  const { status, body } = await send(agent, `${url}/v7/oauth2/device/authorization`, {
    form: form.toString(),
  })
  if (status !== 200) return undefined
  const { device_code: deviceCode = '', user_code: userCode = '' } = JSON.parse(body) as Record<
    string,
    string
  >
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode }
  return { deviceCode, userCode, form: grant }
}

/** @returns whether the person could approve it */
export const approveDevice = async (url: string, { userCode }: DeviceCode): Promise<boolean> =>
  (await control(url, `/emulator/device-codes/${userCode}/approve`, person)) !== undefined
