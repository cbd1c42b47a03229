/**
 * The policies that a customer puts on the IAM role and the SNS topics. Their kinds are the document's, what stands in them
 * is ours: the real documents are not published. The account is the one that AWS uses in its own examples.
 */
import type { JsonObject } from '../json.ts'

/** Policy documents by their names. The names are ours. */
export type AwsPolicies = Readonly<Record<string, JsonObject>>

interface Facts {
  readonly externalId: string
  /** The kinds of resources that the account group wants inventoried. */
  readonly resourceGroups: readonly string[]
  readonly isTrailed: boolean
}

const monitoringAccount = 'arn:aws:iam::123456789012:root'

const policy = (...statements: readonly JsonObject[]): JsonObject => ({
  Version: '2012-10-17',
  Statement: statements,
})

const trustedPolicy = ({ externalId }: Facts): JsonObject =>
  policy({
    Effect: 'Allow',
    Principal: { AWS: monitoringAccount },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  })

/** What reading one kind of resources takes. */
const readActions: Readonly<Record<string, readonly string[]>> = {
  ec2: ['ec2:Describe*', 'elasticloadbalancing:Describe*'],
  cloudfront: ['cloudfront:Get*', 'cloudfront:List*'],
  'eks-ecs': ['eks:Describe*', 'eks:List*', 'ecs:Describe*', 'ecs:List*'],
  'global-accelerator': ['globalaccelerator:Describe*', 'globalaccelerator:List*'],
  'direct-connect': ['directconnect:Describe*'],
  's3-bucket': ['s3:GetBucketLocation', 's3:ListAllMyBuckets'],
  'network-firewall': ['network-firewall:Describe*', 'network-firewall:List*'],
  'global-network': ['networkmanager:Get*', 'networkmanager:List*'],
}

/** Follows the policy settings of the account group. */
export const inventoryPolicies = (facts: Facts): AwsPolicies => ({
  trustedPolicy: trustedPolicy(facts),
  permissionsPolicy: policy({
    Effect: 'Allow',
    Action: [
      ...facts.resourceGroups.flatMap((group) => readActions[group] ?? []),
      ...(facts.isTrailed ? ['cloudtrail:DescribeTrails', 'cloudtrail:LookupEvents'] : []),
    ],
    Resource: '*',
  }),
})

/** The customer puts names of buckets and topics where these stand in angle brackets. */
const bucket = 'arn:aws:s3:::<flow-logs-bucket>'
const topic = 'arn:aws:sns:<region>:<account>:<topic>'

export const flowLogsPolicies = (facts: Facts): AwsPolicies => ({
  trustedPolicy: trustedPolicy(facts),
  permissionsPolicy: policy({
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:ListBucket'],
    Resource: [bucket, `${bucket}/*`],
  }),
  snsTopicAccessPolicy: policy(
    { Effect: 'Allow', Principal: { AWS: monitoringAccount }, Action: 'SNS:Subscribe', Resource: topic },
    {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'SNS:Publish',
      Resource: topic,
      Condition: { ArnLike: { 'aws:SourceArn': bucket } },
    },
  ),
})
