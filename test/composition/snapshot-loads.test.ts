import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }

const statusOf = async ({ url }: { url: string }, token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${url}/v7/tests`, { headers, signal: AbortSignal.timeout(10_000) })).status
}

type Document = Record<string, unknown> & { keys: Record<string, unknown>; records: object[] }

async function documentOf(panoptes: Panoptes): Promise<Document> {
  await panoptes.snapshots.take('document')
  return (await panoptes.snapshots.download('document')) as Document
}

const jwkOf = (namedCurve: string): object =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' })

const firstKey = ({ keys }: Document): Record<string, unknown> =>
  (keys['signing'] as Record<string, unknown>[])[0] ?? {}

const withKeys = (document: Document, signing: readonly object[]): Document => ({
  ...document,
  keys: { ...document.keys, signing },
})

describe('a snapshot of another emulator', () => {
  test('is refused where records are kept, and a restart finds everything as it was', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'panoptes-snapshot-'))
    try {
      await using other = await startPanoptes()
      const document = await documentOf(other)
      {
        await using kept = await startPanoptes({ data: directory })
        await kept.snapshots.upload('foreign', document)
        await expect(kept.snapshots.load('foreign')).rejects.toThrow(/keys: found those of another emulator/)
        expect(await statusOf(kept, documentedToken)).toBe(200)
        await kept.snapshots.take('own')
        await kept.snapshots.load('own')
      }
      await using again = await startPanoptes({ data: directory })
      expect(await statusOf(again, documentedToken)).toBe(200)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('ends the live views of the inspector, which begin anew', async () => {
    await using other = await startPanoptes()
    await using panoptes = await startPanoptes()
    const events = await fetch(`${panoptes.url}/inspector/events`, { signal: AbortSignal.timeout(10_000) })
    const ended = events.text()
    await panoptes.snapshots.upload('foreign', await documentOf(other))
    await panoptes.snapshots.load('foreign')
    await ended
    const again = await fetch(`${panoptes.url}/inspector/events`, { signal: AbortSignal.timeout(10_000) })
    expect(again.status).toBe(200)
    await again.body?.cancel()
  })
})

describe('a document', () => {
  test.each<[string, (document: Document) => unknown]>([
    ['a signing key without its private part', (d) => withKeys(d, [{ ...firstKey(d), d: undefined }])],
    ['a signing key of another curve', (d) => withKeys(d, [{ ...firstKey(d), ...jwkOf('P-384') }])],
    ['a signing key that is none', (d) => withKeys(d, [{ ...firstKey(d), d: 'A'.repeat(43) }])],
    ['two keys of one kid', (d) => withKeys(d, [firstKey(d), firstKey(d)])],
    ['no signing key', (d) => withKeys(d, [])],
    ['a record twice', (d) => ({ ...d, records: [...d.records, ...d.records.slice(0, 1)] })],
    [
      'lifetimes without end',
      (d) => ({
        ...d,
        lifetimes: { meraki: { accessSeconds: 9e15, idleSeconds: 9e15, absoluteSeconds: 9e15 } },
      }),
    ],
    [
      'lifetimes out of order',
      (d) => ({ ...d, lifetimes: { meraki: { accessSeconds: 3, idleSeconds: 2, absoluteSeconds: 1 } } }),
    ],
    ['another schema', (d) => ({ ...d, schema: 2 })],
  ])('with %s is refused when it comes', async (_what, spoil) => {
    await using panoptes = await startPanoptes()
    const spoilt = spoil(await documentOf(panoptes)) as object
    await expect(panoptes.snapshots.upload('spoilt', spoilt)).rejects.toThrow(/allowed is/)
  })

  test.each(['9999-12-31T23:59:59.999Z', '0001-01-01T00:00:00Z'])('of %s is refused', async (takenAt) => {
    await using panoptes = await startPanoptes()
    await panoptes.snapshots.upload('far', { ...(await documentOf(panoptes)), takenAt })
    await expect(panoptes.snapshots.load('far')).rejects.toThrow(/at most 100 years/)
  })

  test('whose records are not ours is undone: tokens and clock are as before', async () => {
    await using panoptes = await startPanoptes()
    const document = await documentOf(panoptes)
    const records = document.records.map((record) => ({ ...record, value: '{' }))
    await panoptes.snapshots.upload('garbage', { ...document, takenAt: '2030-01-01T00:00:00Z', records })
    const { access_token: token } = await panoptes.tokens.mint(wish)
    await panoptes.clock.advance('1m')
    await expect(panoptes.snapshots.load('garbage')).rejects.toThrow()
    expect(await statusOf(panoptes, token)).toBe(200)
    const { aheadSeconds } = await panoptes.clock.read()
    expect(Math.abs(aheadSeconds - 60)).toBeLessThan(5)
  })
})

describe('stopping', () => {
  test('ends workspaces that are being created', async () => {
    const panoptes = await startPanoptes()
    const creations = Array.from({ length: 6 }, (_, index) =>
      fetch(`${panoptes.url}/emulator/workspaces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: `late-${index}` }),
        signal: AbortSignal.timeout(10_000),
      }).then(
        async (response) => (response.status === 201 ? ((await response.json()) as { url: string }).url : ''),
        () => '',
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    await panoptes.stop()
    const begun = (await Promise.all(creations)).filter((url) => url !== '')
    for (const url of begun)
      await expect(fetch(`${url}/emulator`, { signal: AbortSignal.timeout(2_000) })).rejects.toThrow()
  })
})

describe('a locked user', () => {
  test('decides nothing without a browser either, and a code that was refused works after the lock', async () => {
    await using panoptes = await startPanoptes()
    const post = async (path: string, form: Record<string, string>): Promise<Record<string, string>> => {
      const body = new URLSearchParams(form)
      const signal = AbortSignal.timeout(10_000)
      return (await (
        await fetch(`${panoptes.url}/v7/oauth2/${path}`, { method: 'POST', body, signal })
      ).json()) as Record<string, string>
    }
    const device = await post('device/authorization', { client_id: 'sd-wan-manager', scope: 'tests:manage' })
    const poll = (): ReturnType<typeof post> =>
      post('token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'sd-wan-manager',
        device_code: device['device_code'] ?? '',
      })
    const person = { user: 'ops@acme.example' }
    await panoptes.users.lock(person.user)
    await expect(panoptes.device.approve(device['user_code'] ?? '', person)).rejects.toThrow(/locked/)
    await expect(panoptes.tokens.mint(wish)).rejects.toThrow(/locked/)
    await panoptes.users.unlock(person.user)
    await panoptes.device.approve(device['user_code'] ?? '', person)
    await panoptes.users.lock(person.user)
    expect(await poll()).toMatchObject({ error: 'invalid_grant' })
    await panoptes.users.unlock(person.user)
    expect(await poll()).toHaveProperty('access_token')
  })
})
