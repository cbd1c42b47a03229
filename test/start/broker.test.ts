import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../support/broker.ts'
import { startReady } from './program.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-serve-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('panoptes serve', () => {
  test('starts from the example, says where, is ready, and drains', async () => {
    const { ready, child, ended } = await startReady([
      'serve',
      '--config',
      'config/broker.example.yaml',
      '--data',
      newFolder(),
    ])
    expect((await fetch(`${ready.operatorUrl}/health/ready`)).status).toBe(200)
    const metadata = await fetch(`${ready.url}/.well-known/oauth-authorization-server`)
    expect(await metadata.json()).toMatchObject({ issuer: ready.url })
    expect((await fetch(`${ready.url}/v7/tests`)).status).toBe(401)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })

  test('warns of each secret that others can read, and of no other', async () => {
    const folder = newFolder()
    const [file, integrations] = ['broker.yaml', 'own.yaml'].map((name) => join(folder, name)) as [
      string,
      string,
    ]
    writeFileSync(file, `data: ./data\nintegrations: own.yaml\noperatorToken: ${'o'.repeat(40)}\n`)
    writeFileSync(integrations, readFileSync('config/integrations.yaml'))
    chmodSync(file, 0o600)
    chmodSync(integrations, 0o644)
    const { child, ended } = await startReady(['serve', '--config', file, '--data', join(folder, 'data')])
    child.kill('SIGTERM')
    const { stderr } = await ended
    const warnings = stderr.split('\n').filter((line) => line.includes('secret-readable-by-others'))
    expect(warnings.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ key: 'clientSecret', remedy: `chmod 600 ${integrations}` }),
    ])
    expect(stderr).not.toContain('meraki-secret')
  })
})

describe('a broker', () => {
  test('has no user, no client of its own making and no way to register one', async () => {
    await using broker = await startBroker()
    const headers = { authorization: `Bearer ${broker.operatorToken}` }
    const users = await fetch(`${broker.operatorUrl}/operator/users`, { headers })
    expect(await users.json()).toEqual({ users: [] })
    const registered = await fetch(`${broker.url}/v7/oauth2/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Somebody', redirect_uris: ['http://127.0.0.1/cb'] }),
    })
    expect(registered.status).toBe(404)
  })

  test.each([
    ['cache: { getTests: 10s, GET /v7/agents: 1m }', undefined],
    [
      'cache: { createHttpServerTest: 10s }',
      /upstream\.cache: found "createHttpServerTest"; allowed are ids of reads/,
    ],
    ['cache: { nothing: 10s }', /upstream\.cache: found "nothing"; allowed are ids of reads, as getTests/],
  ])('keeps answers of reads alone: %s', async (line, refusal) => {
    const starting = startBroker({ configuration: `upstream:\n  ${line}\n` })
    if (refusal) return expect(starting).rejects.toThrow(refusal)
    await using broker = await starting
    expect(broker.url).toMatch(/^http/)
  })

  test('gets users from its operator, without roles, which ThousandEyes gives', async () => {
    await using broker = await startBroker()
    const add = (fields: Readonly<Record<string, string>>): Promise<Response> =>
      fetch(`${broker.operatorUrl}/operator/users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${broker.operatorToken}` },
        body: new URLSearchParams({
          region: 'eu1',
          email: 'ops@company.example',
          organization: '110',
          ...fields,
        }),
      })
    const withRole = await add({ role: 'Organization Admin', accountGroup: '1101' })
    expect(withRole.status).toBe(400)
    expect(await withRole.text()).toContain('roles and account groups are given at ThousandEyes')
    const added = await add({})
    expect(added.status).toBe(201)
    const { user } = (await added.json()) as { user: { id: string } }
    expect(user.id).toMatch(/^eu1\.\d{15}$/)
    expect((await add({ email: 'OPS@company.example' })).status).toBe(409)
  })

  test('leads browsers to the account', async () => {
    await using broker = await startBroker()
    const answer = await fetch(broker.url, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account'])
  })
})
