import { onTestFinished } from 'vitest'
import { admin, signedIn } from '../account/signed-in.ts'
import { addUser, atAccount, linkAt, startLinkedBroker } from '../broker/linked-broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'

export interface Composed {
  readonly service: RunningPanoptes
  /** Signed in, with the account linked where there is one to link. */
  readonly person: Person
}

async function emulator(): Promise<Composed> {
  const service = await startPanoptes()
  onTestFinished(service.stop)
  return { service, person: await signedIn(service, admin) }
}

async function broker(): Promise<Composed> {
  const linked = await startLinkedBroker()
  onTestFinished(() => linked[Symbol.asyncDispose]())
  await addUser(linked.broker)
  const person = await atAccount(linked.broker)
  await linkAt(person)
  return { service: linked.broker, person }
}

/** Both compositions by name, for what has to hold in each; what was started ends with the test. */
export const compositions: readonly (readonly [name: string, start: () => Promise<Composed>])[] = [
  ['emulator', emulator],
  ['broker', broker],
]
