import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import { z } from 'zod'
import { configFolder, type OperationRow } from '#upstream/operation-rows.ts'

/** One permission of a role, as `GET /permissions` shows it. */
export interface Permission {
  readonly permissionId: string
  readonly label: string
  /** The constant. Most are ours: only few are published. */
  readonly permission: string
  readonly isManagementPermission: boolean
}

export interface BuiltInRole {
  readonly roleId: string
  readonly name: string
  readonly permissionIds: readonly string[]
  readonly hasManagementPermissions: boolean
}

export interface Permissions {
  readonly catalogue: readonly Permission[]
  readonly builtInRoles: readonly BuiltInRole[]
  /** The labels behind permission ids; unknown ids are nobody's. */
  labelsOf(permissionIds: readonly string[]): ReadonlySet<string>
  /** Whether the labels allow the operation. @returns the label that is missing, or undefined when it is allowed */
  missing(row: OperationRow, held: ReadonlySet<string>): string | undefined
}

const basis = z.enum(['documented', 'inferred'])

const permissionsFile = z.strictObject({
  permissions: z.array(
    z.strictObject({
      label: z.string(),
      constant: z.string().optional(),
      management: z.boolean().default(false),
      roles: z.array(z.string()),
    }),
  ),
  roles: z.array(z.strictObject({ id: z.string(), key: z.string(), name: z.string() })),
  operations: z.array(
    z.strictObject({
      ids: z.array(z.string()),
      basis,
      any: z.array(z.string()).optional(),
      all: z.array(z.string()).optional(),
    }),
  ),
  paths: z.array(
    z.strictObject({
      path: z.string(),
      read: z.string().optional(),
      write: z.string().optional(),
      reads: z.boolean().default(false),
    }),
  ),
})

type Need = { readonly kind: 'any' | 'all'; readonly labels: readonly string[] }

const constantOf = (label: string): string =>
  label
    .toUpperCase()
    .replaceAll(/[^A-Z\d]+/g, '_')
    .replace(/_$/, '')

/** Reads config/v7/permissions.yaml. @throws when it is missing or says something else than it may */
export async function loadPermissions(): Promise<Permissions> {
  const text = await readFile(new URL('v7/permissions.yaml', configFolder), 'utf8')
  const file = permissionsFile.parse(load(text), { jitless: true })
  const catalogue = file.permissions.map(
    (one, index): Permission => ({
      permissionId: String(index + 1),
      label: one.label,
      permission: one.constant ?? constantOf(one.label),
      isManagementPermission: one.management,
    }),
  )
  const labels = new Map(catalogue.map(({ permissionId, label }) => [permissionId, label]))
  const byOperation = new Map(
    file.operations.flatMap(({ ids, any, all }) => {
      const need: Need = any ? { kind: 'any', labels: any } : { kind: 'all', labels: all ?? [] }
      return ids.map((id) => [id, need] as const)
    }),
  )
  const everybody = 'API access'

  const needOf = (row: OperationRow): Need => {
    const own = byOperation.get(row.as ?? row.id)
    if (own) return own
    const rule = file.paths.find(({ path }) => row.path === path || row.path.startsWith(`${path}/`))
    const label = row.method === 'GET' || rule?.reads ? rule?.read : rule?.write
    return { kind: 'all', labels: label === undefined ? [] : [label] }
  }
  return {
    catalogue,
    builtInRoles: file.roles.map(({ id, key, name }) => ({
      roleId: id,
      name,
      hasManagementPermissions: file.permissions.some(
        ({ management, roles }) => management && roles.includes(key),
      ),
      permissionIds: file.permissions.flatMap(({ roles }, index) =>
        roles.includes(key) ? [String(index + 1)] : [],
      ),
    })),
    labelsOf: (ids) => new Set(ids.map((id) => labels.get(id) ?? '').filter((label) => label !== '')),
    missing(row, held) {
      const need = needOf(row)
      if (need.kind === 'any' && need.labels.some((label) => held.has(label)))
        return held.has(everybody) ? undefined : everybody
      return [everybody, ...need.labels].find((label) => !held.has(label))
    },
  }
}
