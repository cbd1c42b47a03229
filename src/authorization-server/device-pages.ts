/** The pages of the device flow: code entry, confirmation, done (RFC 8628 §3.3). The confirm page stands between the last two. */
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { Views } from '#http/page.ts'
import { type DeviceRequest, deviceInWords } from './device-request.ts'

export type DeviceCodeProblem =
  | 'missing'
  | 'unknown'
  | 'expired'
  | 'used'
  | 'declined'
  | 'form-expired'
  | 'failed'

/** Posts `xsrf` and `user_code` to `action`: the engine's own names. */
export interface DeviceCodePage {
  readonly action: string
  readonly xsrf: string
  /** Prefilled when `verification_uri_complete` was used, or with what was typed; else empty. */
  readonly code: string
  readonly problem: DeviceCodeProblem | undefined
}

/** What went wrong, and the field that mends it if one does. What the person chose is an outcome, and nothing went wrong. */
interface ProblemWords {
  readonly text: string
  readonly field?: string
  readonly isOutcome?: true
}

const problems: Readonly<Record<DeviceCodeProblem, ProblemWords>> = {
  missing: { text: 'Enter the code that your device shows.', field: 'code' },
  // A code that expired a while ago is forgotten, and nobody can tell it from one that never was.
  unknown: {
    text: 'This code is not known or has expired. Compare it with the one on your device, or ask for a new one there.',
    field: 'code',
  },
  expired: { text: 'This code has expired. Ask for a new one on your device.', field: 'code' },
  used: { text: 'This code has been used already. Ask for a new one on your device.', field: 'code' },
  declined: { text: 'The request was declined. Your device gets no access.', isOutcome: true },
  'form-expired': { text: 'This form has expired. Please send it again.' },
  failed: { text: 'The request could not be completed. Ask for a new code on your device.' },
}

/** Field Code, button Continue. Never sends itself (security-cases D13). */
export const deviceCodePage = (views: Views, page: DeviceCodePage): string =>
  views.render('device-code', { ...page, problem: page.problem && problems[page.problem] })

/** Posts `xsrf`, `user_code` and either `confirm=yes` or `abort=yes` to `action`: the engine's own names. */
export interface DeviceConfirmationPage {
  readonly action: string
  readonly xsrf: string
  readonly integration: string
  readonly device: DeviceRequest
}

/** Buttons Cancel, which has the focus, and Continue. */
export const deviceConfirmationPage = (views: Views, page: DeviceConfirmationPage): string =>
  views.render('device-confirmation', { ...page, device: deviceInWords(page.device) })

export interface DeviceDonePage {
  readonly integration: string
  readonly email: string
  readonly region: RegionId
  readonly accountHref: string
  /** The page that asks whether to sign out. */
  readonly signOutHref: string
}

/** Says that the browser stays signed in (product documentation 3.11). */
export const deviceDonePage = (views: Views, page: DeviceDonePage): string =>
  views.render('device-done', { ...page, region: regionLabel(page.region) })
