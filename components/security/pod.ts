import type { Engine } from "../../services/engine.ts";

/** The security contexts with which a pod passes Pod Security `restricted`. */
export const restrictedPod = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };

/** What every container of the mesh gives up. */
export const unprivilegedContainer = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};

/** The container's own: the user that the engine's image asks for, where its own word would not do. */
export function restrictedContainer({ user }: Pick<Engine, "user">) {
  return {
    ...unprivilegedContainer,
    ...(user !== undefined && { runAsUser: user.uid, runAsGroup: user.gid }),
  };
}
