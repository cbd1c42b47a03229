import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Answer, Machine } from '../../src/command-line/doctor/examination.ts'
import { examined, freshFolder, on, today } from './machine.ts'

const issuer = 'https://login.company.example/realms/main'

/** What is found on a rule. @param body what the provider answers, by the path that was asked for; undefined when nobody does */
async function found(rule: string, body?: string, machine: Partial<Machine> = {}): Promise<string> {
  const file = join(freshFolder(), 'own.yaml')
  writeFileSync(file, `sso: [{ region: us1, organization: 110, domains: [company.example], ${rule} }]`)
  const asked: string[] = []
  const findings = await examined(['--config', file], {
    resolve: async (name) => (name === 'login.company.example' ? ['192.0.2.7'] : []),
    async ask({ protocol, address, port, host, path }): Promise<Answer | undefined> {
      if (address !== '192.0.2.7') return undefined
      asked.push(`${protocol}//${host}:${port}${path}`)
      return body === undefined ? undefined : { status: 200, at: today, body }
    },
    ...machine,
  })
  for (const url of asked)
    expect(url).toBe('https://login.company.example:443/realms/main/.well-known/openid-configuration')
  return on('single sign-on of company.example', findings)
}

const oidc = `oidc: { issuer: '${issuer}', clientId: panoptes }`

describe('the doctor on single sign-on', () => {
  test('says that the provider answers by its name', async () => {
    expect(await found(oidc, JSON.stringify({ issuer }))).toBe(`ok optional, by ${issuer}, which answers`)
  })

  test('warns of one that does not answer, leads nowhere, or has no discovery document', async () => {
    const warning = `warn ${issuer}/.well-known/openid-configuration gives no discovery document here; until it does, nobody signs in by it`
    expect(await found(oidc)).toBe(warning)
    expect(await found(oidc, '', { resolve: async () => [] })).toBe(warning)
    for (const body of ['', 'null', '[]', '<html>', '{"iss']) expect(await found(oidc, body)).toBe(warning)
  })

  test('fails on one that calls itself otherwise, be it by a slash', async () => {
    expect(await found(oidc, JSON.stringify({ issuer: `${issuer}/` }))).toBe(
      `fail the provider calls itself ${issuer}/; write exactly that as oidc.issuer in place of ${issuer}`,
    )
  })

  test('asks nobody when it is off, or our own', async () => {
    const unasked = {
      resolve: async (): Promise<never> => Promise.reject(new Error('asked')),
    }
    expect(await found(`mode: off, ${oidc}`, '', unasked)).toMatch(/^ok off/)
    const own = "oidc: { issuer: '{origin}/demo-provider', clientId: panoptes }"
    expect(await found(own, '', unasked)).toBe('ok optional, by our own demo provider')
  })
})
