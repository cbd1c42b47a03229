/** Every page in each of its states, for the page tests and for looking at them (`node scripts/preview-pages.ts`). */
import { deviceCodePage, deviceConfirmationPage, deviceDonePage } from '#authorization-server/device-pages.ts'
import { continuePage, signedOutPage, signOutPage } from '#authorization-server/pages.ts'
import { passwordProblem } from '#domain/password-rules.ts'
import { errorPage, tooManyAttemptsPage } from '#http/error-page.ts'
import { newPasswordPage } from '#http/new-password-page.ts'
import type { Views } from '#http/page.ts'
import { passwordPage, signInPage } from '#http/sign-in-page.ts'
import { exchangePage } from '#inspector/exchange-page.ts'
import { flowPage } from '#inspector/flow-page.ts'
import { listPage } from '#inspector/list-page.ts'
import { callbackPage, landingPage } from '#playground/pages.ts'
import { playgroundPage } from '#playground/playground-page.ts'
import { accountPages } from './sample-account.ts'
import { confirmPages } from './sample-confirm.ts'
import { sampleExchange, sampleExchanges } from './sample-inspector.ts'
import { linkingPages } from './sample-linking.ts'
import { deviceRequest, landingModel, manyUsers, type SampleText } from './sample-models.ts'
import { outboxPages } from './sample-outbox.ts'
import { answer, emptyPlayground, playgroundModel, sampleOffers } from './sample-playground.ts'
import { ssoPages } from './sample-sso.ts'

const signIn = { action: '/interaction/k3V2/sign-in', csrf: 'sample' } as const
const deviceForm = { action: '/oauth2/device', xsrf: 'sample' } as const
const error = { requestId: '0192d5c1-7b1e-7c3a-9f62-5f3c1d2e4a90' } as const

/** The inspector's pages. */
function inspectorPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const exchanges = sampleExchanges(text)
  const shown = (id: number): string =>
    exchangePage(views, {
      exchange: exchanges[id - 1] ?? { ...sampleExchange, id },
      flow: exchanges,
      origin: 'http://localhost:7070',
    })
  return {
    inspector: listPage(views, {
      exchanges,
      filter: { surface: 'v7', status: 200, name: text.code },
      lastId: 7,
    }),
    'inspector-empty': listPage(views, {
      exchanges: [],
      filter: { surface: '', status: undefined, name: '' },
      lastId: 0,
    }),
    'inspector-exchange': shown(4),
    'inspector-exchange-refused': shown(6),
    'inspector-exchange-call': shown(5),
    'inspector-exchange-broken': shown(7),
    'inspector-flow': flowPage(views, { flow: exchanges }),
    'inspector-flow-empty': flowPage(views, { flow: [] }),
  }
}

/** The page that asks for a new password. */
function newPasswordPages(views: Views, { email }: SampleText): Readonly<Record<string, string>> {
  const page = { ...signIn, proof: 'sample', region: 'us1', email, problem: undefined } as const
  return {
    'new-password': newPasswordPage(views, { ...page, reason: 'locked' }),
    'new-password-expired': newPasswordPage(views, { ...page, reason: 'expired' }),
    'new-password-problem': newPasswordPage(views, {
      ...page,
      reason: 'locked',
      problem: { text: passwordProblem('lower case', email) ?? '', field: 'new-password' },
    }),
    'new-password-repeat-problem': newPasswordPage(views, {
      ...page,
      reason: 'locked',
      problem: { text: 'Enter the same new password twice.', field: 'repeat-password' },
    }),
  }
}

/** @returns the HTML of every page in each of its states, by name; `continue` is the one that leaves at once */
export function samplePages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const { integration, email } = text
  const accountHref = '/account'
  const device = deviceRequest(text)
  return {
    ...ssoPages(views, text),
    'sign-in': signInPage(views, {
      ...signIn,
      integration,
      region: 'default',
      email: '',
      problem: undefined,
    }),
    'sign-in-problem': signInPage(views, {
      ...signIn,
      integration: undefined,
      region: 'eu1',
      email,
      problem: 'email-malformed',
    }),
    'sign-in-again': signInPage(views, {
      ...signIn,
      integration,
      region: 'us1',
      email,
      reason: 'device',
      problem: undefined,
    }),
    'sign-in-region-problem': signInPage(views, {
      ...signIn,
      integration,
      region: 'default',
      email,
      problem: 'region-unknown',
    }),
    password: passwordPage(views, {
      ...signIn,
      integration,
      region: 'default',
      email,
      problem: undefined,
      offersSso: false,
    }),
    'password-problem': passwordPage(views, {
      ...signIn,
      integration: undefined,
      region: 'eu1',
      email,
      problem: 'not-recognized',
      offersSso: true,
    }),
    ...newPasswordPages(views, text),
    ...confirmPages(views, text),
    'device-code': deviceCodePage(views, { ...deviceForm, code: '', problem: undefined }),
    'device-code-problem': deviceCodePage(views, { ...deviceForm, code: text.code, problem: 'expired' }),
    'device-code-declined': deviceCodePage(views, { ...deviceForm, code: '', problem: 'declined' }),
    'device-confirmation': deviceConfirmationPage(views, { ...deviceForm, integration, device }),
    'device-confirmation-bare': deviceConfirmationPage(views, {
      ...deviceForm,
      integration,
      device: { ...device, userAgent: undefined },
    }),
    'device-confirmation-late': deviceConfirmationPage(views, {
      ...deviceForm,
      integration,
      device: { ...device, address: device.browserAddress, askedSecondsAgo: 400 },
    }),
    'device-done': deviceDonePage(views, {
      integration,
      email,
      region: 'us1',
      accountHref,
      signOutHref: '/oauth2/logout',
    }),
    continue: continuePage(views, {
      destination: new URL('/arrived?code=a&state="<b>', origin),
      integration,
    }),
    'sign-out': signOutPage(views, { action: '/oauth2/logout', xsrf: 'sample', integration, accountHref }),
    'sign-out-own': signOutPage(views, {
      action: '/oauth2/logout',
      xsrf: 'sample',
      integration: undefined,
      accountHref,
    }),
    'signed-out': signedOutPage(views, {
      integration: undefined,
      accountHref,
      provider: { name: integration, href: 'https://idp.example/logout' },
    }),
    'signed-out-integration': signedOutPage(views, { integration, accountHref, provider: undefined }),
    error: errorPage(views, {
      ...error,
      status: 400,
      code: 'invalid_request',
      description: text.description,
    }),
    'error-not-found': errorPage(views, { ...error, status: 404 }),
    'error-unexpected': errorPage(views, { ...error, status: 500 }),
    'too-many-attempts': tooManyAttemptsPage(views, { ...error, retryAfterSeconds: 900 }),
    ...accountPages(views, text),
    ...linkingPages(views, text),
    ...outboxPages(views, text),
    landing: landingPage(views, landingModel, { offers: sampleOffers(text), connected: 0 }),
    'landing-many-users': landingPage(views, manyUsers, { offers: sampleOffers(text), connected: 0 }),
    'landing-connected': landingPage(views, landingModel, { offers: sampleOffers(text), connected: 3 }),
    playground: playgroundPage(views, playgroundModel(text)),
    'playground-empty': playgroundPage(views, emptyPlayground),
    ...inspectorPages(views, text),
    callback: callbackPage(views, answer(text)),
    'callback-denied': callbackPage(views, {
      integration: 'Meraki',
      parameters: [
        { name: 'error', value: 'access_denied' },
        { name: 'error_description', value: text.description },
      ],
      exchange: undefined,
    }),
    'callback-empty': callbackPage(views, { integration: 'Meraki', parameters: [], exchange: undefined }),
  }
}

/** The integration's origin, where the continue page leads; nothing listens there. */
const origin = 'http://integration.invalid'
