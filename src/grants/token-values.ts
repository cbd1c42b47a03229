import { hash } from 'node:crypto'
import { type GrantTag, parseGrantTag } from '#domain/grant.ts'
import { remembering } from '#domain/remembering.ts'
import type { Secrets } from '#secrets/secrets.ts'

/**
 * The forms of our token values. Each begins with the tag of its grant, so one record answers for all of them (DECISIONS 5).
 *   access token, authorization code   <tag 16>.<random 43>
 *   refresh token                      <tag 16>.<generation>.<random 43>.<mac 16>
 *   scoped API token                   panoptes_<tag 16><random 43><mac 16>
 * The MAC proves that we issued that generation, so an old refresh token is known as reuse without being stored, and a made-up
 * one is garbage that changes nothing. Scoped API tokens live long and get lost in repositories: the word in front lets scanners
 * find them, and their MAC refuses what was made up before the store is asked.
 */
const accessForm = /^([\w-]{16})\.[\w-]{43}$/
const refreshForm = /^([\w-]{16})\.(\d{1,9})\.[\w-]{43}\.[\w-]{16}$/
const refreshPurpose = 'refresh-token'

export interface RefreshTokenParts {
  readonly tag: GrantTag
  readonly generation: number
}

/** @param grantId the engine's id of the grant, which stays unknown to clients; it is asked about several times in one request */
export const grantTagOf: (grantId: string) => GrantTag = remembering(1_000, (grantId) => {
  const tag = parseGrantTag(hash('sha256', grantId, 'base64url').slice(0, 16))
  if (!tag) throw new Error('a base64url digest gave no grant tag')
  return tag
})

/** @returns the grant of an access token or authorization code, or undefined when the value has another form */
export function tagOfToken(value: string): GrantTag | undefined {
  const tag = accessForm.exec(value)?.[1]
  return tag === undefined ? undefined : parseGrantTag(tag)
}

/** @param random 43 characters of base64url */
export const tokenValue = (tag: GrantTag, random: string): string => `${tag}.${random}`

export function refreshTokenValue(
  secrets: Secrets,
  { tag, generation }: RefreshTokenParts,
  random: string,
): string {
  const signed = `${tag}.${generation}.${random}`
  return `${signed}.${secrets.mac(refreshPurpose, signed)}`
}

/** @returns the parts that a value of this form claims, without a check that we issued it; undefined for any other form */
export function claimedRefreshTokenParts(value: string): RefreshTokenParts | undefined {
  const [, tagText = '', generation = ''] = refreshForm.exec(value) ?? []
  const tag = parseGrantTag(tagText)
  return tag && { tag, generation: Number(generation) }
}

/** @returns the parts of a refresh token that we issued; undefined for anything else */
export function refreshTokenParts(secrets: Secrets, value: string): RefreshTokenParts | undefined {
  const claimed = claimedRefreshTokenParts(value)
  const signedEnd = value.lastIndexOf('.')
  return claimed && secrets.hasMac(refreshPurpose, value.slice(0, signedEnd), value.slice(signedEnd + 1))
    ? claimed
    : undefined
}

const apiTokenForm = /^(panoptes_([\w-]{16})[\w-]{43})([\w-]{16})$/
const apiTokenPurpose = 'api-token'

/** @param random 43 characters of base64url */
export function apiTokenValue(secrets: Pick<Secrets, 'mac'>, tag: GrantTag, random: string): string {
  const signed = `panoptes_${tag}${random}`
  return signed + secrets.mac(apiTokenPurpose, signed)
}

/** @returns the grant of a scoped API token that we issued; undefined for anything else */
export function tagOfApiToken(secrets: Pick<Secrets, 'hasMac'>, value: string): GrantTag | undefined {
  const [, signed = '', tag = '', mac = ''] = apiTokenForm.exec(value) ?? []
  return mac !== '' && secrets.hasMac(apiTokenPurpose, signed, mac) ? parseGrantTag(tag) : undefined
}
