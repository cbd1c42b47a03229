import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startRenewing } from '#broker/renewal-rounds.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { addUser, adminToken, atAccount, linkAt, startBrokerBefore } from './linked-broker.ts'

const fiveMinutes = 300_000

/** Timers that a test lets run out by hand. */
function handTimers() {
  const timers = new Map<object, { readonly milliseconds: number; readonly work: () => void }>()
  return {
    spans: () => [...timers.values()].map(({ milliseconds }) => milliseconds),
    after(milliseconds: number, work: () => void) {
      const timer = {}
      timers.set(timer, { milliseconds, work })
      return () => void timers.delete(timer)
    },
    runOut() {
      const [[timer, { work }] = [{}, { work: () => undefined }]] = timers
      timers.delete(timer)
      work()
    },
  }
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done))

describe('the rounds of renewing', () => {
  test('begin after the span, one after another, also when one failed, and end when they are ended', async () => {
    const { spans, after, runOut } = handTimers()
    const failures: unknown[] = []
    let rounds = 0
    let finish: () => void = () => undefined
    let isOver: (() => boolean) | undefined
    const pass = (isOverNow?: () => boolean): Promise<never> => {
      isOver = isOverNow
      rounds += 1
      return new Promise((_, fail) => {
        finish = () => fail(new Error(`round ${rounds}`))
      })
    }
    const end = startRenewing({ pass }, { everySeconds: 300, after, onFailure: (one) => failures.push(one) })
    expect([rounds, spans()]).toEqual([0, [fiveMinutes]])
    runOut()
    await settled()
    // One that is under way is not joined by another.
    expect([rounds, spans()]).toEqual([1, []])
    finish()
    await settled()
    expect([failures, spans()]).toEqual([[new Error('round 1')], [fiveMinutes]])
    runOut()
    await settled()
    expect(isOver?.()).toBe(false)
    const ended = end()
    expect(isOver?.()).toBe(true)
    finish()
    await ended
    await settled()
    expect([rounds, spans()]).toEqual([2, []])
  })

  test('stand in a broker at five minutes, and renew the token of whoever wants it', async () => {
    const rounds: (() => void)[] = []
    const machine = globalThis.setTimeout
    const watched = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((
      work: () => void,
      span: number,
    ) => {
      if (span === fiveMinutes) rounds.push(work)
      return machine(work, span)
    }) as typeof setTimeout)
    onTestFinished(() => watched.mockRestore())
    const upstream = await startPanoptes()
    onTestFinished(upstream.stop)
    const broker = await startBrokerBefore(upstream)
    onTestFinished(() => broker[Symbol.asyncDispose]())
    await addUser(broker)
    const person = await atAccount(broker)
    await linkAt(person)
    const holds = async (): Promise<number> =>
      (
        await fetch(`${upstream.url}/v7/users/current`, {
          headers: { authorization: `Bearer ${adminToken}` },
        })
      ).status
    const fingerprint = async (): Promise<string | undefined> => {
      const { text } = await person.open(`${broker.url}/account/thousandeyes`)
      return /Fingerprint\s+(\S+)/i.exec(text)?.[1]
    }
    const before = await fingerprint()
    expect(before).toBeDefined()
    expect(rounds).toHaveLength(1)
    rounds.shift()?.()
    await expect.poll(() => rounds.length).toBe(1)
    // Nobody wanted it.
    expect(await fingerprint()).toBe(before)
    await person.press('Turn on')
    rounds.shift()?.()
    await expect.poll(() => rounds.length, { timeout: 20_000 }).toBe(1)
    expect(await fingerprint()).not.toBe(before)
    // For fourteen days the one before lives on (thousandeyes-facts 5.3).
    expect(await holds()).toBe(200)
    upstream.advance(15 * 86_400)
    expect(await holds()).toBe(401)
  }, 60_000)
})
