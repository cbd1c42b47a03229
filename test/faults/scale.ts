import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Short as a part of `npm test`, full by `npm run test:faults`. */
    faults: 'short' | 'full'
  }
}

const isFull: boolean = inject('faults') === 'full'

/** The mix of reliability 3, and less of it where everything else is tested too. */
export const perSecond: number = isFull ? 200 : 80

/** So many rounds of a fault. */
export const rounds = (full: number, short: number): number => (isFull ? full : short)

/** How long a test of these rounds may take, where the machine has other things to do as well. */
export const patienceMs: number = isFull ? 600_000 : 180_000

/** R47 asks for an hour, which whoever has one gives by `PANOPTES_SOAK_MINUTES`. */
// biome-ignore lint/style/noProcessEnv: vitest takes no options of our own
export const soakMinutes: number = Number(process.env['PANOPTES_SOAK_MINUTES'] ?? 5)
