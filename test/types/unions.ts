/** Compiled, never run: choices are closed unions, and a new member breaks every switch that forgets it. */

import type { GrantType } from '#domain/integration.ts'
import { isRefusal, type Refusal, refuse } from '#domain/refusal.ts'
import type { RegionChoice, RegionId } from '#domain/region.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { Change } from '#store/store.ts'

/** All members are named, so that adding one is noticed here too. */
function everyChange(change: Change): string {
  switch (change.kind) {
    case 'put':
      return change.value
    case 'delete':
      // @ts-expect-error a deletion carries no value
      return change.value
    default:
      return change satisfies never
  }
}

everyChange({ kind: 'delete', key: 'a' })
everyChange({ kind: 'put', key: 'a', value: 'b', expiresAt: 1, expected: 'absent' })
// @ts-expect-error a write says what it expects
everyChange({ kind: 'put', key: 'a', value: 'b', expiresAt: 1 })
// @ts-expect-error there is no other change
everyChange({ kind: 'touch', key: 'a' })

const region: RegionId = 'eu1'
const choice: RegionChoice = region
// @ts-expect-error Default is a choice of the form, no region
const found: RegionId = 'default' as RegionChoice
// @ts-expect-error a region is written as its id
const label: RegionId = 'EU'
// @ts-expect-error the implicit grant type does not exist here (RFC 9700 §2.1.2)
const grantType: GrantType = 'implicit'

declare const lent: UpstreamCredential | Refusal<'unknown_user'>

// @ts-expect-error what may be a refusal is no credential yet
const early: UpstreamCredential = lent
const late: UpstreamCredential | undefined = isRefusal(lent) ? undefined : lent

const refusal: Refusal<'conflict'> = refuse('conflict', 'Two tokens are live.')
// @ts-expect-error a refusal keeps its code
const other: Refusal<'unknown_user'> = refusal

export type { choice, early, found, grantType, label, late, other }
