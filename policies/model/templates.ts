/** Where each kind that makes pods keeps what they are to be, below its `spec`; a Pod is its own. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  ReplicationController: ["template"],
  "apps/Deployment": ["template"],
  "apps/StatefulSet": ["template"],
  "apps/DaemonSet": ["template"],
  "apps/ReplicaSet": ["template"],
  "batch/Job": ["template"],
  "batch/CronJob": ["jobTemplate", "spec", "template"],
};
