import type { AdjustableClock } from '#domain/clock.ts'
import { hundredYears, instant, members, span } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlAnswer, type ControlRoute, route } from './route.ts'

const hundredYearsMs = 36_500 * 86_400_000

const advanceBody = members({ by: span({ least: '1ms', most: hundredYears }) })
const setBody = members({ now: instant })

const reading = (clock: AdjustableClock): ControlAnswer => {
  const { now, aheadMs, frozen } = clock.read()
  return { status: 200, body: { now: new Date(now).toISOString(), aheadSeconds: aheadMs / 1_000, frozen } }
}

/** Far from the machine's own time dates stop meaning anything, and in the end they cannot be written down. */
function tooFar(clock: AdjustableClock, to: number): ControlRefusal | undefined {
  const { now, aheadMs } = clock.read()
  const latest = now - aheadMs + hundredYearsMs
  if (to <= latest) return undefined
  return refuseWith(
    422,
    'clock_too_far',
    `${found(new Date(to).toISOString())}; allowed is at most 100 years ahead of the machine's clock, ${new Date(latest).toISOString()}`,
  )
}

/** The clock of the workspace: it moves codes, tokens, sessions, windows, guards and test rounds. */
export function clockRoutes({ clock }: EmulatorControlParts): readonly ControlRoute[] {
  const moved = (to: number, move: () => void): ControlAnswer | ControlRefusal => {
    const refusal = tooFar(clock, to)
    if (refusal) return refusal
    move()
    return reading(clock)
  }
  const change = (name: 'freeze' | 'resume' | 'reset'): ControlRoute =>
    route({
      method: 'POST',
      path: `/emulator/clock/${name}`,
      answer: () => {
        clock[name]()
        return reading(clock)
      },
    })
  return [
    route({ method: 'GET', path: '/emulator/clock', answer: () => reading(clock) }),
    route({
      method: 'POST',
      path: '/emulator/clock/advance',
      body: advanceBody,
      answer: ({ body }) => {
        const milliseconds = Math.round(body.by * 1_000)
        return moved(clock.now() + milliseconds, () => clock.advance(milliseconds))
      },
    }),
    route({
      method: 'POST',
      path: '/emulator/clock/set',
      body: setBody,
      answer: ({ body }) => moved(body.now, () => clock.set(body.now)),
    }),
    change('freeze'),
    change('resume'),
    change('reset'),
  ]
}
