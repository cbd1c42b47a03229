/** The three regions of ThousandEyes. A region belongs to the organization, and so to the user. */
export const regionIds = ['us1', 'us2', 'eu1'] as const

export type RegionId = (typeof regionIds)[number]

/** What the sign-in form offers. *Default* is a choice, not a region: it means "find me", US1 first. */
export type RegionChoice = 'default' | RegionId

const labels: Readonly<Record<RegionId, string>> = { us1: 'US1', us2: 'US2', eu1: 'EU' }

/** @returns the name people read: US1, US2 or EU (product documentation, OAuth 2.0 overview) */
export const regionLabel = (region: RegionId): string => labels[region]

/** @returns the region, or undefined when the text names none */
export const parseRegionId = (text: string): RegionId | undefined =>
  regionIds.find((region) => region === text)

/** @returns the choice of the sign-in form, or undefined when it is none of Default, US1, US2, EU */
export const parseRegionChoice = (text: string): RegionChoice | undefined =>
  text === 'default' ? 'default' : parseRegionId(text)

/** The regions to try for a choice, in order. Default tries US1 first (thousandeyes-facts: US1 wins). */
export const regionsToTry = (choice: RegionChoice): readonly RegionId[] =>
  choice === 'default' ? regionIds : [choice]

/** `teRegion` of an authorization request: 0 is US1, 1 is EU, 2 is US2 (the last is inferred). */
export function regionOfTeRegion(teRegion: string | undefined): RegionId | undefined {
  const byNumber: Readonly<Record<string, RegionId>> = { '0': 'us1', '1': 'eu1', '2': 'us2' }
  return teRegion === undefined ? undefined : byNumber[teRegion]
}
