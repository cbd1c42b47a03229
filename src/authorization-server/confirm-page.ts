/** The confirm page: who asks for what, in which region, for how long (product documentation 3.7 and 3.8; ASVS 5.0 10.7.2). */
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { TokenLifetimes } from '#domain/integration.ts'
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { folded } from '#http/folded.ts'
import type { LimitsInWords } from '#http/limits-in-words.ts'
import type { Views } from '#http/page.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'
import { counted, durationInWords, instantInWords } from '#http/time-in-words.ts'
import { accountGroupField, type ChoiceProblem } from './chosen-account-groups.ts'
import { type ConsentChanges, consentChanges, type EarlierConnection } from './consent-changes.ts'
import { type DeviceRequest, deviceInWords } from './device-request.ts'

/** What is wrong with the choice of account groups, in words. */
const problems: Readonly<Record<ChoiceProblem, string>> = {
  'none-chosen': 'Choose at least one account group.',
  'not-reached': 'The account groups that you reach have changed. Check your choice and confirm again.',
}

/**
 * Posts `csrf`, the chosen account groups and `choice` to `action`: `confirm`, `logout`, or `check-all`, `check-none` and
 * `look-again`, which ask for the page again.
 */
export interface ConfirmPage {
  readonly action: string
  readonly csrf: string
  readonly integration: string
  /** Nobody has checked the name of a client that registered itself, and it may be another one's (RFC 7591 §5). */
  readonly isSelfRegistered: boolean
  readonly email: string
  /** Resolved: the region of the user. */
  readonly region: RegionId
  readonly organization: string
  readonly scopes: readonly ScopeWord[]
  /** All that the user reaches. */
  readonly accountGroups: readonly AccountGroup[]
  /** Those that stand checked: all of them until the user has chosen. */
  readonly chosen: readonly AccountGroupId[]
  /** Whether the page answers a choice that was made on it. */
  readonly isChosen: boolean
  readonly problem: ChoiceProblem | undefined
  /** The newest live connection of the same user with the same integration. */
  readonly earlier: EarlierConnection | undefined
  /** What a scope means, also one that is not asked for any more. */
  readonly wordOf: (scope: string) => ScopeWord
  readonly lifetimes: TokenLifetimes
  /** What it may not call whatever the scopes say; undefined when nothing limits it. */
  readonly limits: LimitsInWords | undefined
  /** Where connections are listed and ended. */
  readonly accountHref: string
  /** Given in the device flow only. */
  readonly device: DeviceRequest | undefined
}

const shownGroups = 6

/** What changed since the earlier connection, in words; the marks themselves stand beside what is new. */
function againInWords(page: ConfirmPage, changes: ConsentChanges | undefined): object | undefined {
  if (!page.earlier || !changes) return undefined
  const { newScopes, newAccountGroups, goneScopes, goneAccountGroups } = changes
  const marked = [
    ...(newScopes.size > 0 ? [counted(newScopes.size, 'scope')] : []),
    ...(newAccountGroups.size > 0 ? [counted(newAccountGroups.size, 'account group')] : []),
  ].join(' and ')
  return {
    connected: instantInWords(page.earlier.createdAt),
    marked: marked === '' ? undefined : marked,
    goneScopes: goneScopes.map((name) => page.wordOf(name)),
    goneAccountGroups,
    isSame: marked === '' && goneScopes.length === 0 && goneAccountGroups.length === 0,
  }
}

/** The account groups with their fields. Where one of the folded ones differs from the rest, the fold stands open. */
function groupsInWords(page: ConfirmPage, changes: ConsentChanges | undefined): object {
  const chosen = new Set(page.chosen)
  const groups = page.accountGroups.map(({ aid, name, isLogin }) => ({
    aid,
    name,
    isLogin,
    field: accountGroupField(aid),
    isChosen: chosen.has(aid),
    isNew: changes?.newAccountGroups.has(aid) ?? false,
  }))
  const { shown, further } = folded(groups, shownGroups)
  return {
    shown,
    further,
    isChoice: groups.length > 1,
    isOpen: page.isChosen || further.some(({ isNew }) => isNew),
  }
}

/** Buttons Confirm and Logout; neither has the focus at first. */
export function confirmPage(views: Views, page: ConfirmPage): string {
  const asked = {
    scopes: page.scopes.map(({ name }) => name),
    accountGroups: page.accountGroups.map(({ aid }) => aid),
  }
  const changes = page.earlier && consentChanges(asked, page.earlier)
  return views.render('confirm', {
    ...page,
    problem: page.problem && problems[page.problem],
    region: regionLabel(page.region),
    device: page.device && deviceInWords(page.device),
    again: againInWords(page, changes),
    scopes: scopesInWords(page.scopes),
    isNewScope: (name: string) => changes?.newScopes.has(name) ?? false,
    accountGroups: groupsInWords(page, changes),
    lifetimes: {
      access: durationInWords(page.lifetimes.accessSeconds),
      idle: durationInWords(page.lifetimes.idleSeconds),
      absolute: durationInWords(page.lifetimes.absoluteSeconds),
    },
  })
}
