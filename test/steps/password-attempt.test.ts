import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import { passwordAttempt } from '#authorization-server/steps/password-attempt.ts'
import { openPasswordGuards } from '#authorization-server/steps/password-guards.ts'
import { systemClock } from '#domain/clock.ts'
import type { Identity } from '#identity/identity.ts'
import { openLimits } from '#limits/store-limits.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const guess = { region: 'us1', email: 'nobody@acme.example' } as const

describe('an attempt at a password that nobody could look at', () => {
  test('is a failure, and counts for nothing', async () => {
    const clock = fakeClock()
    const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
    onTestFinished(() => store.close())
    const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
    let isBusy = true
    const identity: Identity = {
      find: async () => undefined,
      findByEmail: async () => undefined,
      lock: async () => undefined,
      async authenticate() {
        if (isBusy) throw new Error('256 wait already for their turn')
        return undefined
      },
    }
    const { guards } = openLimits({ store, clock, enforced: true })
    const attempt = passwordAttempt(
      { identity, secrets, store, audit: storeAudit(clock, randomBytes) },
      openPasswordGuards({ guards, store, clock, secrets, lockAfter: 10 }),
      { mayUsePassword: async () => true },
    )
    for (let time = 0; time < 120; time += 1)
      await expect(attempt(guess, 'anything', '192.0.2.1')).rejects.toThrow('wait already')
    isBusy = false
    const kinds: string[] = []
    for (let time = 0; time < 16; time += 1) kinds.push((await attempt(guess, 'anything', '192.0.2.1')).kind)
    expect(kinds).toEqual([...Array(15).fill('wrong'), 'too-many'])
  })
})

describe('the setting signIn.passwordCost', () => {
  const config = new URL('strong-passwords.yaml', import.meta.url).pathname

  async function hashCosts(data: string): Promise<ReadonlySet<string>> {
    const settings = { kind: 'sqlite', path: join(data, 'panoptes.db') } as const
    const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })
    const records = await store.list('users')
    await store.close()
    return new Set(records.flatMap(({ value }) => /scrypt:\d+:\d+:\d+/.exec(value)?.[0] ?? []))
  }

  test('makes seeded passwords light, and strong where it says so', async () => {
    using data = keptOnDisk()
    const service = await startPanoptes(['--data', data.path])
    await service.stop()
    expect(await hashCosts(data.path)).toEqual(new Set(['scrypt:1024:8:1']))

    await using strong = await startPanoptes(['--data', data.path, '--config', config])
    const person = new Person()
    await person.open(`${strong.url}/account`)
    expect((await person.signIn('ops@acme.example', 'panoptes-us1', 'us1')).text).toContain('Sign out')
    expect(await hashCosts(data.path)).toEqual(new Set(['scrypt:1024:8:1', 'scrypt:32768:8:3']))
  })
})
