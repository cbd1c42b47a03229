/** The page at `GET /inspector/flow`: the sequence of one flow, drawn and in words. */
import type { Views } from '#http/page.ts'
import type { Exchange } from '#traffic/traffic.ts'
import { drawingOf, stepsOf } from './diagram.ts'

/** So many exchanges of a flow are drawn, the newest ones. */
const drawnExchanges = 40

export const flowPage = (views: Views, { flow }: { readonly flow: readonly Exchange[] }): string => {
  const shown = flow.slice(-drawnExchanges)
  const steps = shown.flatMap(stepsOf)
  return views.render('inspector-flow', {
    drawing: drawingOf(steps),
    leftOut: flow.length - shown.length,
    steps: steps.map((step) => ({ ...step, href: `/inspector/exchanges/${step.id}` })),
  })
}
