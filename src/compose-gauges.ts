/** What a scraper may know of things that stand somewhere: of the checkpoint of a database, and of the upstream of a broker. */
import type { AddressBlock, OrganizationWindows, UnauthorizedBudget } from '#limits/upstream-budgets.ts'
import type { Gauge } from '#metrics/metrics.ts'
import type { CheckpointFile } from '#store/sqlite-checkpoint.ts'
import type { LiveUpstream } from '#upstream/live/live.ts'

export interface UpstreamGaugesParts {
  readonly live: Pick<LiveUpstream, 'standing'>
  readonly unauthorized: Pick<UnauthorizedBudget, 'standing'>
  readonly address: Pick<AddressBlock, 'isBlocked'>
  readonly organizations: Pick<OrganizationWindows, 'standing'>
}

export const checkpointGauge = (checkpoint: CheckpointFile): Gauge => ({
  name: 'panoptes_checkpoint_behind',
  help: 'Whether the file of the checkpoint could not be written when records changed last: 1 or 0.',
  labels: [],
  read: () => [[Number(checkpoint.isBehind())]],
})

/** Budgets, windows, and what of each region is asked at all. */
export function upstreamGauges({
  live,
  unauthorized,
  address,
  organizations,
}: UpstreamGaugesParts): readonly Gauge[] {
  return [
    {
      name: 'panoptes_upstream_unauthorized_slots',
      help: 'Answers of 401 that the upstream may give within the hour, to all nodes: budget, spent, and leased by this node.',
      labels: ['state'],
      read: () => {
        const { budget, spent, leased } = unauthorized.standing()
        return [
          [budget, 'budget'],
          [spent, 'spent'],
          [leased, 'leased'],
        ]
      },
    },
    {
      name: 'panoptes_upstream_address_blocked',
      help: 'Whether the upstream refuses our address, as far as this node knows: 1 or 0.',
      labels: [],
      read: () => [[Number(address.isBlocked())]],
    },
    {
      name: 'panoptes_upstream_resting',
      help: 'Whether the region is left alone after failures, by this node: 1 or 0.',
      labels: ['region'],
      read: () => live.standing().map(({ region, isResting }) => [Number(isResting), region] as const),
    },
    {
      name: 'panoptes_upstream_calls_under_way',
      help: 'Calls to the region that are under way.',
      labels: ['region'],
      read: () => live.standing().map(({ region, underWay }) => [underWay, region] as const),
    },
    {
      name: 'panoptes_upstream_organization_windows',
      help: 'Windows of organizations in this minute, on this node: open, scarce (less than a quarter is left) or exhausted.',
      labels: ['state'],
      read: () => {
        const { open, scarce, exhausted } = organizations.standing()
        return [
          [open, 'open'],
          [scarce, 'scarce'],
          [exhausted, 'exhausted'],
        ]
      },
    },
  ]
}
