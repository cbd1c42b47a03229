/** The confirm page: who asks for what, in which region, for how long (product documentation 3.7 and 3.8; ASVS 5.0 10.7.2). */
import type { AccountGroup } from '#domain/account-group.ts'
import type { TokenLifetimes } from '#domain/integration.ts'
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { folded } from '#http/folded.ts'
import type { Views } from '#http/page.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'
import { agoInWords, durationInWords } from '#http/time-in-words.ts'

/** Where a device authorization came from, so that people notice one that they did not start (RFC 8628 §5.4, BCP 247). */
export interface DeviceRequest {
  /** With the mask put back: `LBJW-MLHV`. */
  readonly userCode: string
  /** The address that asked. */
  readonly address: string
  /** What the device called itself (`User-Agent`); undefined when it said nothing. */
  readonly userAgent: string | undefined
  readonly askedSecondsAgo: number
}

/** Posts `csrf` and `choice` (`confirm` or `logout`) to `action`. */
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
  readonly accountGroups: readonly Pick<AccountGroup, 'aid' | 'name'>[]
  readonly lifetimes: TokenLifetimes
  /** Where connections are listed and ended. */
  readonly accountHref: string
  /** Given in the device flow only. */
  readonly device: DeviceRequest | undefined
}

/** @returns what the pages of the device flow show of the request */
export const deviceInWords = ({ askedSecondsAgo, ...device }: DeviceRequest): object => ({
  ...device,
  asked: agoInWords(askedSecondsAgo),
})

/** Buttons Confirm and Logout; neither has the focus at first. */
export const confirmPage = (views: Views, page: ConfirmPage): string =>
  views.render('confirm', {
    ...page,
    region: regionLabel(page.region),
    device: page.device && deviceInWords(page.device),
    scopes: scopesInWords(page.scopes),
    accountGroups: folded(page.accountGroups, 6),
    lifetimes: {
      access: durationInWords(page.lifetimes.accessSeconds),
      idle: durationInWords(page.lifetimes.idleSeconds),
      absolute: durationInWords(page.lifetimes.absoluteSeconds),
    },
  })
