import type { Integrations } from '#integrations/integrations.ts'

/** @returns the integration's name; its client id when it is known no more */
export const integrationName =
  (integrations: Integrations) =>
  async (clientId: string): Promise<string> =>
    (await integrations.find(clientId))?.name ?? clientId
