import { z } from "zod";
import { seconds, type Duration } from "../services/duration.ts";

/** A scalar of the stack file: what it must look like, and an example of what would be right. */
function text(pattern: RegExp, expected: string) {
  const error = `is not ${expected}`;
  return z.string({ error }).regex(pattern, { error }).meta({ title: expected });
}

const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";

/** A DNS-1123 label of at most `max` characters. */
export function dnsLabel(max = 63) {
  return text(
    new RegExp(`^(?=.{1,${max}}$)${label}$`),
    `a name of at most ${max} lower-case letters, digits and "-", beginning and ending with a letter or digit`,
  );
}

const boundedLabel = `(?=[-a-z0-9]{1,63}(?:\\.|$))${label}`;
const domain = `(?=.{1,253}$)${boundedLabel}(?:\\.${boundedLabel})*`;

/** A host name of at least two labels with an optional leading wildcard, or `*`: what a Gateway may listen for. */
export const hostname = text(
  new RegExp(`^(?:\\*|(?:\\*\\.)?(?=[^.]+\\.)${domain})$`),
  'a full host name such as "talk.example.com", "*.example.com" or "*"',
);

/** The full name of one host outside of the cluster. An address ends in digits, a Service in `.svc` or the cluster's domain. */
export const externalHost = text(
  new RegExp(`^(?=[^.]+\\.)(?!.*(?:\\.svc|\\.cluster\\.local|\\.\\d+)$)${domain}$`),
  'the name of one host outside the cluster such as "speech.example.com": no wildcard, address, port, path or Service',
);

/** A name of an object of Kubernetes that may have dots, a DNS-1123 subdomain: `nfs.csi.k8s.io`. */
export const dnsSubdomain = text(
  new RegExp(`^${domain}$`),
  'a name such as "fast" or "nfs.csi.k8s.io", of lower-case letters, digits, "-" and "."',
);

/** A SPIFFE trust domain. */
export const trustDomain = text(new RegExp(`^${domain}$`), 'a trust domain such as "cluster.local"');

export type { Duration } from "../services/duration.ts";

/** A length of time as Istio and Envoy read it: `250ms`, `1.5s`, `10m`. */
export const duration = z
  .templateLiteral([z.number().nonnegative(), z.enum(["ms", "s", "m", "h"])], {
    error: 'is not a duration such as "250ms", "2s" or "5m"',
  })
  .meta({ title: 'a duration such as "250ms", "2s" or "5m"' });

/** A length of time from `from` to `to`, said in a fault as it is written here. */
export function time(what: string, from: Duration, to: Duration) {
  return duration.refine((text) => seconds(text) >= seconds(from) && seconds(text) <= seconds(to), {
    error: `is not ${what} from "${from}" to "${to}"`,
  });
}

/** A length of time that Istio takes as a limit: it counts in milliseconds, 0 would be no limit, and a year is a slip. */
export const wholeMilliseconds = duration.refine((text) => isWholeUpTo(seconds(text) * 1000, seconds("8760h") * 1000), {
  error: 'is not a time from "1ms" to "8760h" in whole milliseconds',
});

/** Whether a number is whole and more than none, but for what multiplying fractions leaves. */
function isWholeUpTo(number: number, most: number): boolean {
  return number > 0.5 && number <= most && Math.abs(number - Math.round(number)) < 1e-6;
}

const cpuExpected = 'is not a CPU quantity such as "500m" or "2"';

/** CPU as a Kubernetes quantity: cores (`2`, `0.5`, also unquoted) or millicores (`500m`). More than none. */
export const cpuQuantity = z
  .union(
    [
      z.string().regex(/^(?=.*[1-9])(?:\d{1,4}(?:\.\d{1,3})?|\d{1,7}m)$/, { error: cpuExpected }),
      z.number().min(0.001, { error: cpuExpected }).max(9999, { error: cpuExpected }),
    ],
    { error: cpuExpected },
  )
  .transform(String)
  .meta({ title: cpuExpected.replace("is not ", "") });

/** Memory as a Kubernetes quantity with its unit: `256Mi`, `24Gi`. More than none. */
export const memoryQuantity = text(
  /^(?=.*[1-9])\d{1,6}(?:\.\d{1,3})?(?:k|[MGTP]|[KMGTP]i)$/,
  'a memory quantity such as "256Mi" or "24Gi"',
);

const imagePart = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const imageName = `(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9])(?::\\d+)?/)?${imagePart}(?:/${imagePart})*`;
const digest = "@sha256:[0-9a-f]{64}";
const tag = "[\\w][\\w.-]{0,127}";

/** An image reference that says which build it means, by tag or digest. */
export const imageReference = text(
  new RegExp(`^${imageName}(?:(?::${tag})(?:${digest})?|${digest})$`),
  'an image reference with a tag or digest such as "registry.example.com/linly/llm:1.4.0"',
);

/** Where images lie: a registry and a path, without a tag. */
export const imageHub = text(new RegExp(`^${imageName}$`), 'an image prefix such as "registry.example.com/istio"');

export const imageTag = text(new RegExp(`^${tag}$`), 'an image tag such as "1.31.1"');

/** What a registry calls one manifest for ever: the hash of its content. */
export const manifestDigest = text(/^sha256:[0-9a-f]{64}$/, 'a digest, "sha256:" and 64 hexadecimal digits');

/** A chart's version. */
export const semver = text(/^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/, 'a version such as "1.31.1"');

const qualifiedName = "(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-\\w.]{0,61}[A-Za-z0-9])?";

/** Key of a label or a taint: `linly-mesh/pool`. */
export const labelKey = text(new RegExp(`^${qualifiedName}$`), 'a key such as "linly-mesh/pool"');

export const labelValue = text(/^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/, 'a label value such as "gpu"');

/** A region or a zone, as a node's label holds it; OpenStack and Oracle have capital letters there. */
export const placeName = text(
  /^[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/,
  'the value of a node\'s label such as "cn-beijing" or "RegionOne"',
);

/** The name of an HTTP header or a cookie, in lower case. */
export const headerName = text(
  /^[a-z0-9](?:[-a-z0-9_]{0,62}[a-z0-9])?$/,
  'a name in lower case such as "x-linly-versions"',
);

/** A share of traffic in percent: a whole number from 0 to 100. */
export const weight = z
  .number({ error: "is not a whole number from 0 to 100" })
  .int({ error: "is not a whole number from 0 to 100" })
  .min(0, { error: "is not a whole number from 0 to 100" })
  .max(100, { error: "is not a whole number from 0 to 100" })
  .meta({ title: "a whole number from 0 to 100" });

/** A share of what is there in percent, more than none: a whole number from 1 to 100. */
export const share = z
  .number({ error: "is not a whole number from 1 to 100" })
  .int({ error: "is not a whole number from 1 to 100" })
  .min(1, { error: "is not a whole number from 1 to 100" })
  .max(100, { error: "is not a whole number from 1 to 100" });

/** A minor release of Kubernetes. In quotes, since YAML takes 1.30 for 1.3. */
export const kubernetesVersion = text(
  /^1\.\d{1,3}$/,
  'a version of Kubernetes: write major and minor, in quotes: "1.34"',
);

/** A number of things, at most a thousand unless told otherwise: more is a slip of the keyboard. */
export function count(min: number, what: string, max = 1000) {
  const expected = `a whole number of ${what}, ${min} to ${max}`;
  const error = `is not ${expected}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error }).meta({ title: expected });
}

/** How long samples are kept, as Prometheus reads it: `12h`, `15d`. */
export const retention = text(/^[1-9]\d{0,3}[hdwy]$/, 'a retention such as "12h" or "15d"');

/** A part of a whole in percent; sampling may well be less than one. */
export const percent = z
  .number({ error: "is not a percentage from 0 to 100" })
  .min(0, { error: "is not a percentage from 0 to 100" })
  .max(100, { error: "is not a percentage from 0 to 100" });

/** A Service by its full name in the cluster: `collector.tracing.svc.cluster.local`. */
export const serviceHost = text(
  new RegExp(`^${boundedLabel}\\.${boundedLabel}\\.svc\\.${domain}$`),
  'the full name of a Service such as "collector.tracing.svc.cluster.local"',
);

/** A port of the network. */
export const port = z
  .number({ error: "is not a port from 1 to 65535" })
  .int({ error: "is not a port from 1 to 65535" })
  .min(1, { error: "is not a port from 1 to 65535" })
  .max(65535, { error: "is not a port from 1 to 65535" });

const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `(?:${byte}\\.){3}${byte}`;
/** Comes before a name of DNS: one whose last label is a number would be an address, and no right one. */
const noAddress = "(?!(?:[-a-z0-9]+\\.)*\\d+(?::|$))";
const portNumber = "(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";

/** Where an API server answers: `https://10.0.0.1:6443`. */
export const apiServerUrl = text(
  new RegExp(
    `^https://(?:\\[[0-9a-fA-F:]+\\]|${ipv4}|${noAddress}[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::${portNumber})?$`,
  ),
  'the URL of an API server such as "https://10.0.0.1:6443"',
);

/** A range of IPv4 addresses: `10.0.0.0/16`. */
export const cidr = text(new RegExp(`^${ipv4}/(?:3[0-2]|[12]?\\d)$`), 'a range of addresses such as "10.0.0.0/16"');

/** A host name or an IP address. */
export const hostOrAddress = text(
  new RegExp(`^(?:${ipv4}|${noAddress}${domain}|[0-9a-fA-F]*:[0-9a-fA-F:]+)$`),
  'a host name or an IP address such as "203.0.113.7"',
);

/**
 * That an address names no user and no password: whatever a stack file holds stands in clear in previews and in objects.
 *
 * @param instead what would be right
 */
export function withoutCredentials(instead: string): [check: (url: string) => boolean, params: { error: string }] {
  const error = `must not name a user or a password, which previews would show in clear; ${instead}`;
  return [(url) => !/^\w+:\/\/[^/]*@/.test(url), { error }];
}
