import type { Answerers } from '../call.ts'
import { isOwn } from '../crud.ts'
import { project } from '../project.ts'

/** `GET /endpoint/tests/real-user-tests`: monitoring profiles, which v7 only shows. Its answer has no links. */
export const realUserTests = (): Answerers => ({
  getEndpointRealUserTests(call) {
    const schema = call.model.schema('EndpointRealUserTest')
    const profiles = call.state
      .all('endpoint-real-user-tests')
      .filter((profile) => isOwn(profile, call))
      .map(({ id, aid, fields }) => project(call.model, schema, { ...fields, profileId: id, aid: aid ?? '' }))
    return { status: 200, body: { realUserTests: profiles } }
  },
})
