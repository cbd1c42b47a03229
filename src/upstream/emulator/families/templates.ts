import type { Answerer, Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family, isOwn, named, shown } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, textOf, textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, invalidField, isV7Refusal, notFound, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { assetWriter } from '../templates/assets.ts'
import { deployTemplate } from '../templates/deploy.ts'
import { forgetDeployments } from '../templates/deployments.ts'
import { wrongOverrides, wrongParts } from '../templates/parts.ts'
import { maskedTemplate, templateWithSecrets } from '../templates/secrets.ts'
import { unreadableTexts } from '../templates/unreadable.ts'
import { hasPart } from '../text-search.ts'
import { uuid } from '../uuid.ts'

/** Built-in ones are everybody's, those of the account group its own, and others of the organization may be shared with it. */
const isVisible = (template: Entry, call: Call): boolean =>
  isOwn(template, call) ||
  (template.orgId === call.caller.orgId && template.fields['sharingScope'] === 'organization')

/** What the list is asked to leave in (official document: the name in any case). */
function isAsked({ fields }: Entry, { query }: Call): boolean {
  const [name, level, module] = [query.get('name'), query.get('certificationLevel'), query.get('module')]
  return (
    (name === null || hasPart(String(fields['name']), name)) &&
    (level === null || fields['certificationLevel'] === level) &&
    (module === null || textsOf(fields['modules']).includes(module))
  )
}

/** Why the template may not be changed by this call. */
function unchangeable(template: Entry, { aid }: Call): V7Refusal | undefined {
  if (template.fields['isBuiltIn'] === true)
    return refused('forbidden', 'Built-in templates cannot be changed.')
  return template.aid === aid
    ? undefined
    : refused('forbidden', 'A shared template is changed by its own account group.')
}

/** An update replaces the whole template (official document). Users make `user` templates of the module `default`, and no built-in ones. */
function accept({ call, supplied, stored }: Acceptance): Accepted | V7Refusal {
  const refusal = stored && unchangeable(stored, call)
  if (refusal) return refusal
  if ((supplied['certificationLevel'] ?? 'user') !== 'user')
    return invalidField('certificationLevel', 'must be user.')
  if (textsOf(supplied['modules']).some((one) => one !== 'default'))
    return invalidField('modules', 'must be default.')
  const wrong = wrongParts(supplied, call.model)
  if (wrong.length > 0) return invalid(wrong)
  return {
    fields: {
      modules: ['default'],
      ...(stored ? templateWithSecrets(supplied, stored.fields) : supplied),
      certificationLevel: 'user',
      isBuiltIn: false,
      dateCreated: stored?.fields['dateCreated'] ?? isoDate(call.now),
      sharingScope: stored?.fields['sharingScope'] ?? 'default',
    },
  }
}

const template: Family = {
  path: '/templates',
  collection: 'templates',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  sees: isVisible,
  lists: isAsked,
  accept,
  show: ({ fields }) => maskedTemplate(fields),
  beforeDelete(entry, call) {
    const refusal = unchangeable(entry, call)
    if (!refusal) forgetDeployments(entry.id, call)
    return refusal
  },
}

/** A write of a template whose expressions can be read. @param objection what stands against the write whatever they are */
const readable =
  (write: Answerer, objection: (call: Call) => V7Refusal | undefined): Answerer =>
  async (call) => {
    const wrong = await unreadableTexts(objectOf(call.body))
    return wrong.length === 0 ? write(call) : (objection(call) ?? invalid(wrong))
  }

const sharingOf = (entry: Entry, { href }: Call): JsonObject => ({
  scope: entry.fields['sharingScope'] ?? 'default',
  _links: {
    self: { href: href(`/templates/${entry.id}/sharing-settings`) },
    template: { href: href(`/templates/${entry.id}`) },
  },
})

/** `/templates`, their sharing settings, and deploying them. */
export const templates = (model: Model): Answerers => {
  const write = assetWriter(model)
  const generic = crud(template, model)
  return {
    ...generic,
    createTemplate: readable(generic['createTemplate'] as Answerer, () => undefined),
    updateTemplate: readable(generic['updateTemplate'] as Answerer, (call) => {
      const entry = named(template, call)
      return entry ? unchangeable(entry, call) : notFound
    }),
    getSharingSettings(call) {
      const entry = named(template, call)
      return entry ? { status: 200, body: sharingOf(entry, call) } : notFound
    },
    updateSharingSettings(call) {
      const entry = named(template, call)
      if (!entry) return notFound
      const refusal = unchangeable(entry, call)
      if (refusal) return refusal
      const sharingScope = textOf(objectOf(call.body)['scope']) ?? 'default'
      const changed = { ...entry, fields: { ...entry.fields, sharingScope } }
      call.state.put(changed)
      return { status: 200, body: sharingOf(changed, call) }
    },
    async deployTemplate(call) {
      const entry = named(template, call)
      if (!entry) return notFound
      const wrong = wrongOverrides(objectOf(call.body), model)
      if (wrong.length > 0) return invalid(wrong)
      const deployed = await deployTemplate(entry, call, write)
      if (isV7Refusal(deployed)) return deployed
      const body = shown(template, entry, { ...call, schema: model.schema('TemplateResponse') })
      return { status: 200, body: { ...body, ...deployed.sections } }
    },
  }
}
