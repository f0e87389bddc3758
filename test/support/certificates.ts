import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/** An ECDSA key and a certificate that it signed itself. */
export function selfSigned(): KeyAndCertificate {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-self-signed-"));
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const args = ["req", "-x509", ...kind, "-subj", "/CN=test", "-keyout", key, "-out", cert];
    execFileSync("openssl", args, { stdio: "pipe" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same, valid in years long gone or far away: `20200101000000Z`, `20210101000000Z`. */
export function selfSignedFor(from: string, to: string): KeyAndCertificate {
  return issued(from, to, "");
}

/** A workload's certificate with this identity, signed by a CA that the mesh believes, for such a time. */
export function workloadCertificate(
  identity: string,
  [from, to]: readonly [string, string],
  issuer: KeyAndCertificate,
): KeyAndCertificate {
  const { key, cert } = issued(
    from,
    to,
    `subjectAltName=critical,URI:${identity}\nextendedKeyUsage=clientAuth\n`,
    issuer,
  );
  return { key, cert: `${cert}${issuer.cert}` };
}

function issued(from: string, to: string, extensions: string, issuer?: KeyAndCertificate): KeyAndCertificate {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-certificate-"));
  try {
    const file = (name: string) => join(dir, name);
    const policy = "[policy]\ncommonName=supplied\n[extensions]\n";
    const files = `database=${file("index")}\nserial=${file("serial")}\nnew_certs_dir=${dir}\npolicy=policy\n`;
    const own = `[ca]\ndefault_ca=own\n[own]\ndefault_md=sha256\nx509_extensions=extensions\n`;
    writeFileSync(file("config"), `${own}${files}${policy}${extensions}`);
    writeFileSync(file("index"), "");
    writeFileSync(file("serial"), "01\n");
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl("req", "-new", ...kind, "-subj", "/CN=test", "-keyout", file("key.pem"), "-out", file("request.pem"));
    const by = ["-selfsign", "-keyfile", file("key.pem")];
    if (issuer !== undefined) {
      writeFileSync(file("ca-key.pem"), issuer.key, { mode: 0o600 });
      writeFileSync(file("ca.pem"), issuer.cert);
      by.splice(0, by.length, "-keyfile", file("ca-key.pem"), "-cert", file("ca.pem"));
    }
    const dates = ["-startdate", from, "-enddate", to];
    const args = ["-batch", "-notext", "-config", file("config"), ...by, ...dates];
    openssl("ca", ...args, "-in", file("request.pem"), "-out", file("cert.pem"));
    return { key: readFileSync(file("key.pem"), "utf8"), cert: readFileSync(file("cert.pem"), "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
