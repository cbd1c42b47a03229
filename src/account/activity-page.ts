/** The tab Activity: what happened to the user's account of late. */
import type { Views } from '#http/page.ts'
import { instantInWords } from '#http/time-in-words.ts'
import { type AccountFrame, framed } from './frame-page.ts'

export interface Activity {
  /** In plain words. */
  readonly words: string
  /** Epoch ms. */
  readonly at: number
  /** From where, if that was recorded. */
  readonly address: string | undefined
  readonly isWarning: boolean
}

export interface ActivityPage {
  readonly frame: AccountFrame
  /** Newest first. */
  readonly activities: readonly Activity[]
  /** How many are shown at most. */
  readonly most: number
}

export const activityPage = (views: Views, page: ActivityPage): string =>
  views.render('account-activity', {
    ...page,
    ...framed(page.frame),
    activities: page.activities.map((activity) => ({ ...activity, at: instantInWords(activity.at) })),
  })
