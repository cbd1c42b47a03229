import type { Answerers } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family } from '../crud.ts'
import type { Model } from '../model.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { acceptEndpointTest } from './endpoint-test-accept.ts'
import { type EndpointTestKind, scheduledKinds } from './endpoint-test-kinds.ts'
import { familyOfKind, isInstant } from './endpoint-tests.ts'

/** Runs at once and never again by itself. */
const acceptInstant =
  (kind: EndpointTestKind) =>
  (acceptance: Acceptance): Accepted | V7Refusal => {
    const accepted = acceptEndpointTest(kind)(acceptance)
    if (isV7Refusal(accepted)) return accepted
    return { fields: { ...accepted.fields, instant: true, ranAt: acceptance.call.now } }
  }

/** Instant tests share the id space of scheduled ones and are read like them, results too, but never listed (inferred). */
const instantOf = (kind: EndpointTestKind): Family => ({
  ...familyOfKind(kind),
  path: `${kind.path}/instant`,
  itemPath: kind.path,
  accept: acceptInstant(kind),
})

/** The creates of two types, and running one again. */
export const endpointInstantTests = (model: Model): Answerers => ({
  ...Object.assign({}, ...scheduledKinds.map((kind) => crud(instantOf(kind), model))),
  runEndpointScheduledInstantTest({ state, aid, parameters, now }) {
    const test = state.find('endpoint-tests', parameters['testId'] ?? '')
    if (test?.aid !== aid || !isInstant(test)) return notFound
    state.put({ ...test, fields: { ...test.fields, ranAt: now } })
    // The document's example has these words.
    return {
      status: 200,
      body: { message: `Successfully reran the instant scheduled test with testId=${test.id}` },
    }
  },
})
