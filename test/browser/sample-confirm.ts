import { confirmPage } from '#authorization-server/confirm-page.ts'
import type { Views } from '#http/page.ts'
import {
  accountGroups,
  confirmModel,
  confirmWith,
  deviceRequest,
  earlier,
  limits,
  type SampleText,
} from './sample-models.ts'

/** The confirm page: asked for the first time, again, by a device, with a choice that cannot stand. */
export function confirmPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const model = confirmModel(text)
  const device = deviceRequest(text)
  const many = confirmWith(text, accountGroups(text, 40))
  return {
    confirm: confirmPage(views, model),
    'confirm-again': confirmPage(views, { ...model, earlier: earlier(text) }),
    'confirm-again-same': confirmPage(views, {
      ...model,
      earlier: {
        ...earlier(text),
        scopes: model.scopes.map(({ name }) => name),
        accountGroups: model.chosen,
      },
    }),
    'confirm-limited': confirmPage(views, { ...model, limits }),
    'confirm-device': confirmPage(views, { ...model, device }),
    'confirm-device-late': confirmPage(views, {
      ...model,
      earlier: earlier(text),
      device: { ...device, address: device.browserAddress, askedSecondsAgo: 400 },
    }),
    'confirm-bare': confirmPage(views, {
      ...confirmWith(text, []),
      isSelfRegistered: true,
      device: { ...device, address: undefined, userAgent: undefined },
    }),
    'confirm-one-group': confirmPage(views, confirmWith(text, accountGroups(text, 1))),
    'confirm-many-groups': confirmPage(views, confirmWith(text, accountGroups(text, 200))),
    'confirm-none-chosen': confirmPage(views, {
      ...model,
      chosen: [],
      isChosen: true,
      problem: 'none-chosen',
    }),
    'confirm-many-not-reached': confirmPage(views, {
      ...many,
      chosen: many.chosen.slice(0, 2),
      isChosen: true,
      problem: 'not-reached',
    }),
    'confirm-many-checked-none': confirmPage(views, { ...many, chosen: [], isChosen: true }),
  }
}
