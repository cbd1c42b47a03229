import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type Admission, type Door, openAdmission, type RequestKind } from '#http/admission.ts'

const most = 2_000

interface Asked {
  readonly name: string
  readonly kind: RequestKind | undefined
  readonly isPoll?: boolean
  /** Answered as soon as it is begun. */
  readonly isQuick?: boolean
  readonly takesMs?: number
}

/** Admission in a time of its own: an event loop whose turns are taken one by one. */
function ground() {
  let now = 0
  let turn: (() => void)[] = []
  const ticks: (() => void)[] = []
  const begun: string[] = []
  const refused: string[] = []
  const asked = new Map<IncomingMessage, Asked>()
  const closing = new Map<string, () => void>()
  const sockets = new Map<string, { destroyed: boolean }>()
  const admission: Admission = openAdmission({
    most,
    now: () => now,
    soon: (work) => void turn.push(work),
    timer: (work) => () => void ticks.push(work),
  })
  const door: Door = {
    kindOf: (request) => asked.get(request)?.kind,
    isPoll: (request) => asked.get(request)?.isPoll === true,
    refuse: (request, _response, kind) => void refused.push(`${asked.get(request)?.name} ${kind}`),
  }
  const listener = admission.behind((request, response) => {
    const one = asked.get(request)
    begun.push(one?.name ?? '')
    now += one?.takesMs ?? 0
    if (one?.isQuick) Object.assign(response, { writableEnded: true })
  }, door)
  function ask(...some: readonly Asked[]): void {
    for (const one of some) {
      const socket = { destroyed: false }
      const request = { socket, headers: {}, complete: true } as unknown as IncomingMessage
      const response = {
        writableEnded: false,
        on: (_event: string, work: () => void) => void closing.set(one.name, work),
      }
      asked.set(request, one)
      sockets.set(one.name, socket)
      listener(request, response as unknown as ServerResponse)
    }
  }
  return {
    begun,
    refused,
    ask,
    /** The event loop is at it for so long. */
    pass(milliseconds: number) {
      now += milliseconds
    },
    /** One turn of the event loop. */
    turn() {
      const works = turn
      turn = []
      for (const work of works) work()
    },
    /** The timer of the moment has come. */
    tick() {
      for (const work of ticks.splice(0)) work()
    },
    close(name: string) {
      closing.get(name)?.()
      closing.delete(name)
    },
    leave: (name: string) => Object.assign(sockets.get(name) ?? {}, { destroyed: true }),
  }
}

const many = (count: number, name: string, one: Omit<Asked, 'name'>): readonly Asked[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}`, ...one }))
const call: Omit<Asked, 'name'> = { kind: 'gateway', isQuick: true }
const refresh: Omit<Asked, 'name'> = { kind: 'authorization' }

/** Where the event loop has been at it for longer than it should. */
function late() {
  const all = ground()
  all.ask(...many(64, 'first', call))
  all.pass(20)
  return all
}

describe('while the event loop keeps up', () => {
  test('requests are begun as they come, however many', () => {
    const { ask, begun, tick } = ground()
    ask(...many(5_000, 'call', call))
    tick()
    ask(...many(5_000, 'more', call))
    expect(begun).toHaveLength(10_000)
  })

  test('what is neither counted nor held up is begun', () => {
    const { ask, begun } = ground()
    ask(...many(3_000, 'page', { kind: undefined }))
    expect(begun).toHaveLength(3_000)
  })
})

describe('once the event loop is late', () => {
  test('what comes waits, and a little of it is begun in each turn, in order', () => {
    const { ask, begun, turn } = late()
    begun.splice(0)
    ask(...many(300, 'call', call))
    expect(begun).toEqual([])
    turn()
    expect(begun).toEqual(many(256, 'call', call).map(({ name }) => name))
    turn()
    expect(begun).toEqual(many(300, 'call', call).map(({ name }) => name))
  })

  test('of what takes long fewer are begun in a turn', () => {
    const { ask, begun, turn, pass } = late()
    begun.splice(0)
    ask(...many(20, 'slow', { ...call, takesMs: 11 }))
    turn()
    expect(begun).toEqual(['slow-0', 'slow-1'])
    pass(1_000)
    turn()
    // All else took a second: for a tenth of that it is the turn of those who were let in.
    expect(begun).toHaveLength(12)
  })

  test('what ends something is begun before all that waits', () => {
    const { ask, begun, turn } = late()
    begun.splice(0)
    ask(...many(3, 'call', call), { name: 'revocation', kind: 'urgent' })
    turn()
    expect(begun[0]).toBe('revocation')
  })

  test('what is neither counted nor held up is begun at once', () => {
    const { ask, begun } = late()
    ask({ name: 'page', kind: undefined })
    expect(begun.at(-1)).toBe('page')
  })

  test('who has left while waiting is not worked for', () => {
    const { ask, begun, turn, leave } = late()
    begun.splice(0)
    ask(...many(3, 'call', call))
    leave('call-1')
    turn()
    expect(begun).toEqual(['call-0', 'call-2'])
  })

  test('it keeps up again after a moment without anything waiting', () => {
    const { ask, begun, turn, tick } = late()
    ask({ name: 'waiting', ...call })
    turn()
    tick()
    ask({ name: 'at-once', ...call })
    expect(begun.slice(-2)).toEqual(['waiting', 'at-once'])
  })
})

describe('of too many', () => {
  test('polls are turned away at half, tokens at three quarters, calls at all of it, and no revocation ever', () => {
    const { ask, refused, turn, begun } = late()
    const waitFor = (count: number): void => {
      ask(...many(count, `call-${begun.length}-${refused.length}`, call))
    }
    const poll = { kind: 'authorization', isPoll: true } as const
    waitFor(1_000)
    ask({ name: 'poll', ...poll }, { name: 'refresh', ...refresh })
    // Which of the two is a poll is known once their bodies are there, and 256 calls have gone by then.
    waitFor(256)
    turn()
    expect(refused).toEqual(['poll poll'])
    waitFor(500)
    ask({ name: 'late-refresh', ...refresh })
    expect(refused).toEqual(['poll poll', 'late-refresh authorization'])
    waitFor(500)
    ask({ name: 'late-call', ...call }, { name: 'revocation', kind: 'urgent' })
    expect(refused.slice(-1)).toEqual(['late-call gateway'])
    turn()
    expect(begun).toContain('revocation')
  })

  test('calls are turned away for other calls alone, however many tokens were let wait before the bound fell', () => {
    const { ask, refused, turn, begun } = late()
    begun.splice(0)
    ask(...many(900, 'refresh', { ...refresh, takesMs: 10 }))
    for (let index = 0; index < 60; index += 1) turn()
    ask({ name: 'late-refresh', ...refresh }, ...many(400, 'call', call), { name: 'late-call', ...call })
    expect(refused).toEqual(['late-refresh authorization', 'late-call gateway'])
    for (let index = 0; begun.length < 1_300 && index < 1_000; index += 1) turn()
    expect(begun).toHaveLength(1_300)
  })

  test('calls whose clients left while they waited count no longer', () => {
    const { ask, refused, turn, leave } = late()
    ask(...many(2_000, 'gone', call), { name: 'late-call', ...call })
    expect(refused).toEqual(['late-call gateway'])
    for (const { name } of many(2_000, 'gone', call)) leave(name)
    for (let index = 0; index < 10; index += 1) turn()
    ask(...many(1_999, 'more', call))
    expect(refused).toHaveLength(1)
  })

  test('what is under way counts, until it is answered', () => {
    const { ask, refused, turn, close, begun } = ground()
    ask(...many(1_500, 'refresh', refresh))
    for (let index = 0; index < 200; index += 1) turn()
    expect(begun).toHaveLength(1_500)
    ask({ name: 'too-many', ...refresh })
    expect(refused).toEqual(['too-many authorization'])
    for (let index = 0; index < 600; index += 1) close(`refresh-${index}`)
    ask({ name: 'welcome', ...refresh })
    turn()
    expect([begun.at(-1), refused.length]).toEqual(['welcome', 1])
  })

  test('a crowd that stays may be as large as what leaves in half a second, and never smaller than 400', () => {
    const { ask, refused, turn, begun } = late()
    begun.splice(0)
    // Of these 50 are begun in half a second.
    ask(...many(900, 'call', { ...call, takesMs: 10 }))
    for (let index = 0; index < 26; index += 1) turn()
    ask({ name: 'late', ...call })
    expect(refused).toEqual(['late gateway'])
    while (begun.length < 501) turn()
    ask({ name: 'welcome', ...call })
    expect(refused).toHaveLength(1)
  })

  test('a crowd that stays is not let grow again as soon as it is smaller, but once it has gone', () => {
    const slow = { ...call, takesMs: 10 }
    const { ask, refused, turn, begun } = late()
    begun.splice(0)
    ask(...many(900, 'call', slow))
    // 900 wait, and two or three leave in each turn: after half a second no more than 400 may wait.
    for (let index = 0; index < 260; index += 1) {
      turn()
      ask({ name: `more-${index}`, ...slow })
    }
    refused.splice(0)
    ask(...many(300, 'burst', slow))
    expect(refused.length).toBeGreaterThan(200)
    refused.splice(0)
    for (let index = 0; index < 400; index += 1) turn()
    ask(...many(900, 'again', call))
    expect(refused).toEqual([])
  })

  test('a crowd that goes as fast as it comes may be as large as it is let', () => {
    const { ask, refused, turn, pass } = late()
    ask(...many(900, 'call', call))
    for (let index = 0; index < 100; index += 1) {
      turn()
      ask(...many(64, `more-${index}`, call))
      pass(30)
    }
    expect(refused).toEqual([])
  })
})
