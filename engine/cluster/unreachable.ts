import { X509Certificate } from "node:crypto";
import { messageOf } from "../errors.ts";

/* By the code of the error below fetch's own, which says no more than that it failed. */
const causes: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was closed",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "no route to its network",
  EADDRNOTAVAIL: "no route to its network",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name can't be looked up",
  ETIMEDOUT: "no answer in time",
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "no answer in time",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by an authority that the kubeconfig names",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by an authority that the kubeconfig names",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by an authority that the kubeconfig names",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by an authority that the kubeconfig names",
};

/** Why a request came to nothing, in words for who has to put it right. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  // Several addresses of one name were tried: what is wrong with the first is as good as any.
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (cause instanceof Error) return causeOf(cause);
  return ("code" in error ? causes[String(error.code)] : undefined) ?? messageOf(error);
}

/** What is wrong with a client certificate by itself; undefined where nothing is, or it can't be read. */
export function faultOfCertificate(pem: string | Buffer, now: Date): string | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    if (now > validToDate) return `its client certificate expired on ${dayOf(validToDate)}`;
    if (now < validFromDate) return `its client certificate is not valid before ${dayOf(validFromDate)}`;
    return undefined;
  } catch {
    return undefined;
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
