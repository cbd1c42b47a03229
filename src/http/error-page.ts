/** Pages for what went wrong, shared by every surface that people see. They say what to do next, never what we know. */
import type { Context } from 'koa'
import type { Views } from './page.ts'
import { durationInWords } from './time-in-words.ts'

export interface ErrorPage {
  /** The HTTP status of the answer; it chooses the words. */
  readonly status: number
  readonly requestId: string
  /** The protocol's error code, for the integration's developer: `invalid_request`. */
  readonly code?: string
  /** The protocol's `error_description`, for the same reader. */
  readonly description?: string
}

interface ErrorWords {
  readonly heading: string
  readonly text: string
  readonly nextStep: string
}

const badRequest: ErrorWords = {
  heading: 'This request cannot be completed',
  text: 'Something in the request that brought you here is missing, out of date or not allowed.',
  nextStep: 'Go back to the integration and start again from there.',
}

const unexpected: ErrorWords = {
  heading: 'Something went wrong',
  text: 'The fault is on our side. Nothing that you allowed before has changed.',
  nextStep: 'Try again in a minute. If it happens again, give the request id below to your operator.',
}

const wordsByStatus: Readonly<Record<number, ErrorWords>> = {
  403: {
    heading: 'This is not allowed',
    text: 'The form was not sent from this browser session, or you may not do what it asks.',
    nextStep: 'Go back, load the page again and repeat the step.',
  },
  404: {
    heading: 'Page not found',
    text: 'There is nothing at this address.',
    nextStep: 'Check the address, or go back to where you came from.',
  },
  405: {
    heading: 'This is not allowed',
    text: 'This address does not take requests of this kind.',
    nextStep: 'Go back and use the form on the page.',
  },
  413: {
    heading: 'That was too much',
    text: 'The form that was sent is larger than this page accepts.',
    nextStep: 'Go back and send it again with less in it.',
  },
  503: {
    heading: 'Not available right now',
    text: 'A part that this page needs does not answer. Nothing was changed.',
    nextStep: 'Try again in a minute. If it happens again, give the request id below to your operator.',
  },
}

/** @returns the error page; the words follow from the status, code and description are shown as plain text */
export function errorPage(views: Views, { status, requestId, code, description }: ErrorPage): string {
  const words = wordsByStatus[status] ?? (status < 500 ? badRequest : unexpected)
  return views.render('error', {
    ...words,
    requestId,
    code,
    // Said once is enough: some refusals have the page's own words.
    description: description === words.text ? undefined : description,
  })
}

/** Status 429 for people: too many passwords, or too many user codes, from here. */
export interface TooManyAttemptsPage {
  /** As in the header Retry-After. */
  readonly retryAfterSeconds: number
  readonly requestId: string
}

/** To whole minutes, as nobody counts the seconds of a long wait. */
const roundedUp = (seconds: number): number => (seconds < 120 ? seconds : Math.ceil(seconds / 60) * 60)

/** Answers with that page. */
export function answerTooManyAttempts(ctx: Context, views: Views, retryAfterSeconds: number): void {
  ctx.status = 429
  ctx.set('Retry-After', String(retryAfterSeconds))
  ctx.type = 'html'
  const requestId = ctx.response.get('X-Request-Id')
  ctx.body = tooManyAttemptsPage(views, { retryAfterSeconds, requestId })
}

export const tooManyAttemptsPage = (views: Views, page: TooManyAttemptsPage): string =>
  views.render('too-many-attempts', { ...page, wait: durationInWords(roundedUp(page.retryAfterSeconds)) })
