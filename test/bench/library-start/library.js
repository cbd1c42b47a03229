import { startPanoptes } from 'panoptes/testing'

export async function start() {
  const { url } = await startPanoptes()
  return `${url}/.well-known/oauth-authorization-server`
}
