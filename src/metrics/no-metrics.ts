import type { OpenMetrics } from './metrics.ts'

const nothing = (): void => undefined
const zero = (): number => 0

/** Where nobody reads figures, none are kept. */
export const noMetrics: OpenMetrics = () => ({
  gateway: { began: zero, answered: nothing, brokeOff: nothing },
  protocol: { began: zero, answered: nothing, signIn: nothing },
  admission: { shed: nothing },
  watch: { audit: (audit) => audit, store: (store) => store, limits: (limits) => limits, gauge: nothing },
  exposition: undefined,
})
