import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askForDevice, connectMeraki, pollDevice, readsAgents, refresh } from '../steps/requests.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-epoch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('--bump-epoch ends connections, tokens, sessions and codes of before, and keeps people and v7 objects', async () => {
  const directory = join(freshFolder(), 'data')
  const first = await startPanoptes(['--data', directory])
  const again = ['--data', directory, '--port', new URL(first.url).port]
  const person = new Person()
  const before = await connectMeraki(first, person)
  const device = await askForDevice(first)
  const made = await fetch(`${first.url}/v7/tests/http-server`, {
    method: 'POST',
    headers: { authorization: `Bearer ${before.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ testName: 'Made before', url: 'https://before.example', interval: 300 },
      agents: [{ agentId: '4' }],
    }),
  })
  expect(made.status).toBe(201)
  const cookie = person.cookiesFor(new URL(first.url))
  await first.stop()
  const copy = join(freshFolder(), 'panoptes.db')
  cpSync(join(directory, 'panoptes.db'), copy)

  // The person leaves, and somebody puts the copy back.
  const second = await startPanoptes(again)
  await person.open(`${second.url}/account`)
  await person.press('Disconnect')
  await second.stop()
  cpSync(copy, join(directory, 'panoptes.db'))
  await expect(startPanoptes(again)).rejects.toThrow('start with --bump-epoch')

  await using third = await startPanoptes([...again, '--bump-epoch'])
  expect(await readsAgents(third, before.access_token)).toBe(401)
  expect(await readsAgents(third, documentedToken)).toBe(401)
  expect((await refresh(third, before.refresh_token)).status).toBe(400)
  expect(await pollDevice(third, device)).toMatch(/^(?:invalid_grant|expired_token)$/)
  const page = await fetch(`${third.url}/account`, { headers: { cookie }, redirect: 'manual' })
  expect(page.status).toBe(303)

  const after = await connectMeraki(third, new Person())
  expect(await readsAgents(third, after.access_token)).toBe(200)
  const tests = await fetch(`${third.url}/v7/tests`, {
    headers: { authorization: `Bearer ${after.access_token}` },
  })
  expect(await tests.text()).toContain('Made before')
})
