import { randomBytes, randomUUID } from 'node:crypto'
import type { Surroundings } from '../../src/compose-capabilities.ts'

/** What the machine of the tests gives, in earnest: its clock, its chance, its network. It logs nothing. */
export const machineSurroundings: Surroundings = {
  clock: { now: () => Date.now() },
  engineNow: () => Date.now(),
  randomBytes,
  newUuid: randomUUID,
  fetch,
  log: () => undefined,
}
